// epoch_record.h: the metrics of one epoch.
//
// Checkpoints, log.jsonl, console and report all use this type and the names
// that it defines. Needs no LibTorch.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::train {

/// Numbers by name; a number that is not known is absent.
using NamedNumbers = std::vector<std::pair<std::string, std::optional<double>>>;

/// One finished epoch.
struct EpochRecord {
  std::int64_t epoch = 0;    ///< from 1
  double learning_rate = 0;  ///< of the last step, in the first parameter group
  tasks::Metrics training;   ///< each batch is measured as it is trained on
  std::optional<tasks::Metrics> validation;
  std::optional<tasks::Metrics> test;
  double seconds = 0;  ///< training time, without evaluation
};

/// Returns all numbers of the record: "epoch", "learning_rate", then
/// "training_loss" and the other training metrics, the same with the prefixes
/// "validation_" and "test_" (if there was such an evaluation), and "seconds".
[[nodiscard]] EXPANDNET_API NamedNumbers numbers_of(const EpochRecord& record);

/// The inverse of `numbers_of`. Ignores numbers with other names. Throws
/// `std::runtime_error` if epoch, learning rate or seconds are missing.
[[nodiscard]] EXPANDNET_API EpochRecord record_of(const NamedNumbers& numbers);

}  // namespace expandnet::train
