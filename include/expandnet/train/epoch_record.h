// epoch_record.h: how well a network did in one epoch.
//
// Checkpoints, log.jsonl, console and report all read this type, by the names
// that it gives. Needs no LibTorch.
#pragma once

#include <expandnet/tasks/metrics.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::train {

/// Numbers by name; nothing for what is not known.
using NamedNumbers = std::vector<std::pair<std::string, std::optional<double>>>;

/// One finished epoch.
struct EpochRecord {
  std::int64_t epoch = 0;    ///< from 1
  double learning_rate = 0;  ///< of its last step, of the first group
  tasks::Metrics training;   ///< of each batch as it was trained on
  std::optional<tasks::Metrics> validation;
  std::optional<tasks::Metrics> test;
  double seconds = 0;  ///< of training, without evaluation
};

/// All of it: "epoch", "learning_rate", "training_loss" and the other metrics
/// of training, the same of "validation_" and "test_" (nothing where there was
/// no evaluation), "seconds".
[[nodiscard]] NamedNumbers numbers_of(const EpochRecord& record);

/// The inverse. Numbers of other names are left out. Throws
/// `std::runtime_error` where epoch, learning rate or seconds are missing.
[[nodiscard]] EpochRecord record_of(const NamedNumbers& numbers);

}  // namespace expandnet::train
