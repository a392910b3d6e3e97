// distillation.h: a student learns from labels and from a teacher's logits.
#pragma once

#include <ATen/core/Tensor.h>

namespace expandnet::train {

struct DistillationOptions {
  /// Logits are divided by it before the softmax: the higher, the softer.
  double temperature = 4;
  /// Of the soft targets, from 0 to 1; the labels get the rest.
  double weight = 0.9;
};

/// The loss of knowledge distillation (Hinton et al., 2015), mean over the
/// batch, at temperature T:
///
///     weight T^2 KL(softmax(teacher / T) || softmax(student / T))
///         + (1 - weight) cross_entropy(student, labels)
///
/// T^2 keeps the gradients of the soft targets at one size whatever T is.
/// Logits are [N, classes], labels int64 [N]. Computed and returned in the
/// student's dtype, for half precision in float. Differentiable in the student;
/// no gradient reaches the teacher.
///
/// Throws `c10::Error` for other shapes and for options out of range.
///
///     const auto soft = (torch::NoGradGuard(), teacher->forward(images));
///     auto loss = distillation_loss(student->forward(images), soft, labels);
[[nodiscard]] at::Tensor distillation_loss(
    const at::Tensor& student, const at::Tensor& teacher,
    const at::Tensor& labels, const DistillationOptions& options = {});

}  // namespace expandnet::train
