#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_svdvals.h>
#include <c10/util/Exception.h>
#include <expandnet/analysis/effective_rank.h>

#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::analysis {

double effective_rank(const at::Tensor& weight) {
  const at::NoGradGuard no_grad;
  TORCH_CHECK(weight.dim() >= 2 && weight.numel() > 0,
              error_message("effective_rank",
                            "a weight must have two dimensions and an element",
                            sizes(weight.sizes())));
  const auto matrix =
      weight.detach().to(at::kCPU, at::kDouble).contiguous().flatten(1);
  TORCH_CHECK(matrix.isfinite().all().item<bool>(),
              error_message("effective_rank", "a weight must be finite",
                            "an element that is not"));
  const auto values = at::linalg_svdvals(matrix);
  const auto total = values.sum().item<double>();
  if (total == 0) return 0;
  double entropy = 0;
  const auto* value = values.const_data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    const auto share = value[i] / total;
    if (share > 0) entropy -= share * std::log(share);
  }
  return std::exp(entropy);
}

}  // namespace expandnet::analysis
