// region_loss_meter.h: the terms of a detector's loss.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/detection/region_loss.h>
#include <expandnet/tasks/meter.h>

#include <functional>

namespace expandnet::tasks {

/// Computes the loss of a batch and its terms.
using RegionLossOf = std::function<RegionLoss(const data::Tensors& output,
                                              const data::Tensors& targets)>;

/// Means over images: the training loss, and its terms "coordinates", "object",
/// "no_object" and "classes" (region_loss.h).
class EXPANDNET_API RegionLossMeter : public Meter {
 public:
  RegionLossMeter(RegionLossOf loss_of, c10::Device device);

  [[nodiscard]] at::Tensor loss(const data::Tensors& output,
                                const data::Tensors& targets) const override;
  void add(const at::Tensor& loss, const data::Tensors& output,
           const data::Tensors& targets) override;
  [[nodiscard]] Metrics result() const override;

 private:
  RegionLossOf loss_of_;
};

}  // namespace expandnet::tasks
