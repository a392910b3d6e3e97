// int8.h: evaluates a compact net in eight bits.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/tasks/meter.h>
#include <expandnet/train/model.h>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Evaluates a contracted model on `test` with the weights and inputs of its
/// layers rounded as `choice` says, which must not be kNone. The ranges of the
/// inputs are those of the first batches of `training`. `example` is an input
/// batch for the model, on its device.
[[nodiscard]] tasks::Metrics evaluate_int8(
    const train::Model& model, const at::Tensor& example, Int8Choice choice,
    data::BatchSource& training, data::BatchSource& test, tasks::Meter& meter);

}  // namespace expandnet::examples
