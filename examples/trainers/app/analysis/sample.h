// sample.h: the training images that an analysis uses.
#pragma once

#include <expandnet/analysis/curvature.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Training images as in evaluation, without augmentation, kept on the device,
/// so that every net and every point of a landscape is evaluated on the same
/// images.
class Sample {
 public:
  /// Draws `count` images by `seed`. Throws `c10::Error` if there are fewer.
  Sample(const Images& images, const tasks::MeterFactory& meter,
         c10::Device device, std::int64_t count, std::uint64_t seed);

  /// Returns the metrics of a net in evaluation mode; the first is the mean
  /// loss, without label smoothing or a teacher.
  [[nodiscard]] tasks::Metrics evaluate(const train::Model& net) const;

  /// Returns the same loss with an autograd graph, batch by batch. `before` is
  /// called before each part. The sample and the net must outlive the result;
  /// the net must be in evaluation mode.
  [[nodiscard]] std::vector<analysis::LossPart> loss_parts(
      const train::Model& net, const std::function<void()>& before) const;

 private:
  std::shared_ptr<data::BatchSource> batches_;
  std::shared_ptr<tasks::Meter> meter_;
  std::int64_t count_;
};

}  // namespace expandnet::examples
