// classification_meter.h: the metrics of a classifier.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/meter.h>

namespace expandnet::tasks {

/// The metrics of a ClassificationMeter, in its order.
[[nodiscard]] EXPANDNET_API const std::vector<Metric>& classification_metrics();

/// Outputs are logits [n, classes], targets labels int64 [n]. Means over
/// images:
///
///     loss      cross entropy, in nats
///     accuracy  share of images whose largest logit is their label's
///     top5      share of images whose label is among the five largest logits;
///               equal logits are not ranked in favour of the label
class EXPANDNET_API ClassificationMeter : public Meter {
 public:
  explicit ClassificationMeter(c10::Device device);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;
};

}  // namespace expandnet::tasks
