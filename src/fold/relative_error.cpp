#include "fold/relative_error.h"

#include <ATen/TensorOperators.h>

namespace expandnet {

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = (actual.to(at::kDouble) - expected.to(at::kDouble))
                              .abs()
                              .max()
                              .item<double>();
  const auto scale = expected.to(at::kDouble).abs().max().item<double>();
  return difference == 0 ? 0 : difference / scale;
}

}  // namespace expandnet
