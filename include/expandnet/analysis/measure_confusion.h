// measure_confusion.h: measures the gradient confusion of a net in training.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/loading/batch_source.h>
#include <expandnet/passes/expand.h>
#include <expandnet/tasks/task.h>
#include <expandnet/train/model.h>
#include <expandnet/train/precision.h>

#include <cstdint>
#include <vector>

namespace expandnet::analysis {

struct ConfusionOptions {
  std::int64_t pairs = 100;
  /// Number of the measurement, from 0; each measurement uses other batches.
  std::int64_t epoch = 0;
  train::Precision precision = train::Precision::kFloat32;
};

/// The cosines between the gradients of pairs of batches.
struct Confusion {
  std::vector<double> model;    ///< for the model's own parameters that train
  std::vector<double> factors;  ///< for what the Expansion trains; may be empty
};

/// Measures the cosines for `pairs` pairs of consecutive batches, in training
/// mode, with the training loss. In weight space, the model's gradients are
/// those of the folded weights, and the factors' gradients are these pulled
/// back (`expansion`, or null). A last batch of an epoch that is not full is
/// left out.
///
/// Changes nothing except `batches`: weights, buffers (BatchNorm's statistics),
/// gradients and the state of LibTorch's random number generators keep their
/// bits. So `batches` must not be the source that the training uses. Random
/// numbers that another thread draws meanwhile are drawn again.
///
/// Throws `c10::Error` if `pairs` is not positive, and as
/// `Expansion::pull_back` does.
[[nodiscard]] EXPANDNET_API Confusion
measure_confusion(const train::Model& model, Expansion* expansion,
                  const tasks::Task::Loss& loss, data::BatchSource& batches,
                  const ConfusionOptions& options = {});

}  // namespace expandnet::analysis
