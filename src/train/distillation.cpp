#include <ATen/OpMathType.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>
#include <c10/util/Exception.h>
#include <expandnet/train/distillation.h>

#include <cmath>

#include "base/error.h"

namespace expandnet::train {

at::Tensor distillation_loss(const at::Tensor& student,
                             const at::Tensor& teacher,
                             const at::Tensor& labels,
                             const DistillationOptions& options) {
  const auto [temperature, weight] = options;
  TORCH_CHECK(
      student.dim() == 2 && student.sizes() == teacher.sizes(),
      error_message("distillation_loss",
                    "student and teacher must both have logits [N, classes]",
                    c10::str(student.sizes(), " and ", teacher.sizes())));
  TORCH_CHECK(labels.dim() == 1 && labels.size(0) == student.size(0),
              error_message("distillation_loss",
                            c10::str("there must be one label for each of ",
                                     student.size(0), " examples"),
                            c10::str("labels of ", labels.sizes())));
  TORCH_CHECK(temperature > 0 && std::isfinite(temperature),
              error_message("distillation_loss",
                            "temperature must be positive and finite",
                            c10::str(temperature)));
  TORCH_CHECK(weight >= 0 && weight <= 1,
              error_message("distillation_loss", "weight must be from 0 to 1",
                            c10::str(weight)));

  const auto dtype = at::toOpMathType(student.scalar_type());
  const auto logits = student.to(dtype);
  const auto hard = at::cross_entropy_loss(logits, labels);
  const auto soft =
      at::kl_div(at::log_softmax(logits / temperature, 1),
                 at::log_softmax(teacher.detach().to(dtype) / temperature, 1),
                 at::Reduction::Sum, /*log_target=*/true);
  const auto examples = static_cast<double>(student.size(0));
  return soft * (weight * temperature * temperature / examples) +
         hard * (1 - weight);
}

}  // namespace expandnet::train
