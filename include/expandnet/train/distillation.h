// distillation.h: a student learns from labels and from a teacher's logits.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

namespace expandnet::train {

struct DistillationOptions {
  /// The logits are divided by it before the softmax: a higher value gives
  /// softer targets.
  double temperature = 4;
  /// Weight of the teacher term in [0, 1]; the label term gets 1 - weight.
  double weight = 0.9;
};

/// The loss of knowledge distillation (Hinton et al., 2015), mean over the
/// batch, at temperature T:
///
///     weight T^2 KL(softmax(teacher / T) || softmax(student / T))
///         + (1 - weight) cross_entropy(student, labels)
///
/// T^2 keeps the size of the teacher term's gradients independent of T. Logits
/// are [N, classes], labels int64 [N]. The loss has the student's dtype, or
/// float if that is a half precision. Differentiable in the student; the
/// teacher gets no gradient.
///
/// Throws `c10::Error` for other shapes and for options out of range.
///
///     const auto soft = (torch::NoGradGuard(), teacher->forward(images));
///     auto loss = distillation_loss(student->forward(images), soft, labels);
[[nodiscard]] EXPANDNET_API at::Tensor distillation_loss(
    const at::Tensor& student, const at::Tensor& teacher,
    const at::Tensor& labels, const DistillationOptions& options = {});

}  // namespace expandnet::train
