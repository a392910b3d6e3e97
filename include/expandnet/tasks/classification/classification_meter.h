// classification_meter.h: how well a classifier does.
#pragma once

#include <expandnet/tasks/meter.h>

namespace expandnet::tasks {

/// The metrics of a classifier, in the order of `ClassificationMeter`.
[[nodiscard]] const std::vector<Metric>& classification_metrics();

/// Outputs are logits [n, classes], targets labels int64 [n]. Means over
/// images:
///
///     loss      cross entropy, in nats
///     accuracy  share of images whose largest logit is their label
///     top5      share with their label among the five largest; of equal
///               logits none is preferred
class ClassificationMeter : public Meter {
 public:
  explicit ClassificationMeter(c10::Device device);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;
};

}  // namespace expandnet::tasks
