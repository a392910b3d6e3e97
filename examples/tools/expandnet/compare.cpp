#include "tools/expandnet/compare.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>
#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.h"

namespace expandnet::examples {

namespace {

/// Steps, indices, masks: between any two of them, near is another.
bool is_whole(const at::Tensor& tensor) {
  return c10::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
}

std::string kind_of(const at::Tensor& tensor) {
  return c10::str(tensor.scalar_type(), " ", tensor.sizes());
}

/// max |a - b| / max |a| in fp64, infinite where only one is a number.
double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  const auto dtype = a.is_complex() ? at::kComplexDouble : at::kDouble;
  const auto x = a.to(dtype), y = b.to(dtype);
  if (x.numel() == 0) return 0;
  const auto both = x.isnan().logical_and(y.isnan()).logical_or(x.eq(y));
  const auto far = both.logical_not();
  if (!far.any().item<bool>()) return 0;
  const auto difference = (x - y).abs().masked_select(far);
  const auto scale = x.abs().nan_to_num(0, 0, 0).max().item<double>();
  const auto largest = difference.max().item<double>();
  return std::isfinite(largest) && scale > 0
             ? largest / scale
             : std::numeric_limits<double>::infinity();
}

}  // namespace

Comparison compare(const Weights& first, const Weights& second,
                   double tolerance) {
  const std::map<std::string, at::Tensor> others(second.tensors.begin(),
                                                 second.tensors.end());
  std::map<std::string, at::Tensor> left = others;
  Comparison result;
  for (const auto& [name, tensor] : first.tensors) {
    const auto found = others.find(name);
    if (found == others.end()) {
      result.differences.push_back(printable(name) + ": only in the first");
      continue;
    }
    left.erase(name);
    ++result.tensors;
    const auto& other = found->second;
    if (tensor.sizes() != other.sizes() || tensor.dtype() != other.dtype()) {
      result.differences.push_back(fmt::format(
          "{}: {}, then {}", printable(name), kind_of(tensor), kind_of(other)));
      continue;
    }
    if (is_whole(tensor)) {
      if (tensor.equal(other)) continue;
      result.differences.push_back(printable(name) +
                                   ": whole numbers that differ");
      continue;
    }
    const auto error = relative_difference(tensor, other);
    result.largest_error = std::max(result.largest_error, error);
    if (error > tolerance) {
      result.differences.push_back(fmt::format(
          "{}: a relative difference of {:.1e}", printable(name), error));
    }
  }
  for (const auto& item : left) {
    result.differences.push_back(printable(item.first) +
                                 ": only in the second");
  }
  return result;
}

}  // namespace expandnet::examples
