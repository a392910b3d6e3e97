// measure_confusion.h: the gradient confusion of a net that trains.
#pragma once

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
  /// Of the measurement, from 0: each takes other batches.
  std::int64_t epoch = 0;
  train::Precision precision = train::Precision::kFloat32;
};

/// The cosines of the gradients of pairs of batches.
struct Confusion {
  std::vector<double> model;    ///< of the model's own parameters that train
  std::vector<double> factors;  ///< of what the Expansion trains; may be none
};

/// Measures the cosines of `pairs` pairs of batches that follow each other, in
/// training mode, with the loss that is trained on. In weight space the
/// model's gradients are those of the folded weights; pulled back they are the
/// factors' (`expansion`, or null). A last batch of an epoch that is not full
/// is left out.
///
/// Leaves all but `batches` as it was, to the bit: weights, buffers
/// (BatchNorm's statistics), gradients and LibTorch's random numbers. So
/// `batches` must be a source of its own. Random numbers that another thread
/// draws meanwhile are drawn again.
///
/// Throws `c10::Error` without pairs, and as `Expansion::pull_back` does.
[[nodiscard]] Confusion measure_confusion(const train::Model& model,
                                          Expansion* expansion,
                                          const tasks::Task::Loss& loss,
                                          data::BatchSource& batches,
                                          const ConfusionOptions& options = {});

}  // namespace expandnet::analysis
