#include "deploy/checked_layer.h"

#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>

#include <utility>

#include "fold/site_message.h"
#include "passes/check.h"

namespace expandnet {

namespace {

bool is_layer_dtype(at::ScalarType dtype) {
  return dtype == at::kHalf || dtype == at::kBFloat16 || dtype == at::kFloat ||
         dtype == at::kDouble;
}

}  // namespace

void check_layer_dtype(const std::optional<at::ScalarType>& dtype,
                       const std::string& caller) {
  TORCH_CHECK(
      !dtype || is_layer_dtype(*dtype),
      error_message(caller, "the dtype must be Half, BFloat16, Float or Double",
                    c10::toString(*dtype)));
}

at::ScalarType only_dtype(const std::vector<at::ScalarType>& dtypes,
                          const std::string& owner, const Site& site) {
  std::vector<std::string> names;
  names.reserve(dtypes.size());
  for (const auto dtype : dtypes) names.emplace_back(c10::toString(dtype));
  TORCH_CHECK(
      dtypes.size() == 1 && is_layer_dtype(dtypes.front()),
      error_message(site,
                    owner + " must have one dtype of Half, BFloat16, Float "
                            "and Double",
                    c10::Join(", ", names), "choose the layer's with --dtype"));
  return dtypes.front();
}

CheckedLayer checked_layer(const Plan& plan, const std::vector<Affine>& factors,
                           at::ScalarType dtype, double tolerance,
                           const Site& site) {
  check_finite(factors, site);
  auto exact = exact_fold(plan, factors);
  exact.weight = exact.weight.contiguous();
  Affine compact = {exact.weight.to(dtype),
                    exact.bias.defined() ? exact.bias.to(dtype) : at::Tensor()};
  check_contracted_range(
      compact, [&] { return exact; }, site);
  auto report =
      check_chain(plan, factors, compact, VerifyOptions{tolerance}, site);
  return {std::move(exact), std::move(compact), std::move(report)};
}

void check_contracted_range(const Affine& compact,
                            const std::function<Affine()>& exact,
                            const Site& site) {
  check_in_range(compact, exact, site, "a contracted layer",
                 "choose a wider one with --dtype");
}

}  // namespace expandnet
