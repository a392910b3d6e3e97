// int8.h: how good a compact net is in eight bits.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/tasks/meter.h>
#include <expandnet/train/model.h>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Evaluates a contracted model on `test` with weights and inputs of layers
/// rounded as `choice` says, which is not kNone; the ranges of the inputs are
/// those of the first batches of `training`. `example` is a batch that the
/// model takes, on its device.
[[nodiscard]] tasks::Metrics evaluate_int8(
    const train::Model& model, const at::Tensor& example, Int8Choice choice,
    data::BatchSource& training, data::BatchSource& test, tasks::Meter& meter);

}  // namespace expandnet::examples
