// evaluate.h: how well a network does on a set.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/distributed/ranks.h>
#include <expandnet/tasks/meter.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>

namespace expandnet::train {

/// Runs the model in evaluation mode, without gradients, over all batches of
/// epoch 0, on the meter's device; the model's mode is put back. The meter is
/// reset before, and holds the sums after. Ranks that evaluate together have
/// batches of their own, and all get the metrics of all.
///
///     tasks::ClassificationMeter meter(device);
///     evaluate(model, batches, meter).at("accuracy");
tasks::Metrics evaluate(const Model& model, data::BatchSource& batches,
                        tasks::Meter& meter,
                        Precision precision = Precision::kFloat32,
                        distributed::Ranks* ranks = nullptr);

}  // namespace expandnet::train
