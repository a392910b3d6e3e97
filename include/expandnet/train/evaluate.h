// evaluate.h: measures a network on a data set.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/distributed/process_group.h>
#include <expandnet/tasks/meter.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>

namespace expandnet::train {

/// Runs the model in evaluation mode, without gradients, over all batches of
/// epoch 0, on the meter's device; afterwards the model is in its former mode.
/// Resets the meter first; the meter holds the sums afterwards. Ranks that
/// evaluate together each pass their own batches, and each gets the metrics of
/// all of them.
///
///     tasks::ClassificationMeter meter(device);
///     evaluate(model, batches, meter).at("accuracy");
EXPANDNET_API tasks::Metrics evaluate(
    const Model& model, data::BatchSource& batches, tasks::Meter& meter,
    Precision precision = Precision::kFloat32,
    distributed::ProcessGroup* ranks = nullptr);

}  // namespace expandnet::train
