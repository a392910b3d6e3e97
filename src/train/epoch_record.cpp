#include <expandnet/train/epoch_record.h>

#include "base/error.h"

namespace expandnet::train {

namespace {

constexpr const char* kEpoch = "epoch";
constexpr const char* kLearningRate = "learning_rate";
constexpr const char* kSeconds = "seconds";

/// Doubles up to here count without a gap.
constexpr double kLargestCount = 0x1p53;

double required(const NamedNumbers& numbers, const std::string& name) {
  for (const auto& [key, value] : numbers) {
    if (key == name && value) return *value;
  }
  throw_file_error("epoch record", "it must have the number \"" + name + "\"",
                   "none");
}

/// The metrics whose names begin with "training_", or another set's.
tasks::Metrics metrics_in(const NamedNumbers& numbers, const std::string& set) {
  tasks::Metrics metrics;
  for (const auto& [name, value] : numbers) {
    if (value && name.compare(0, set.size(), set) == 0) {
      metrics.set(name.substr(set.size()), *value);
    }
  }
  return metrics;
}

std::optional<tasks::Metrics> evaluated(tasks::Metrics metrics) {
  if (metrics.empty()) return std::nullopt;
  return metrics;
}

}  // namespace

NamedNumbers numbers_of(const EpochRecord& record) {
  NamedNumbers numbers = {{kEpoch, static_cast<double>(record.epoch)},
                          {kLearningRate, record.learning_rate}};
  const auto add = [&](const std::string& set,
                       const std::optional<tasks::Metrics>& metrics) {
    for (const auto& [name, value] : metrics.value_or(record.training)) {
      numbers.emplace_back(set + name,
                           metrics ? std::optional(value) : std::nullopt);
    }
  };
  add("training_", record.training);
  add("validation_", record.validation);
  add("test_", record.test);
  numbers.emplace_back(kSeconds, record.seconds);
  return numbers;
}

EpochRecord record_of(const NamedNumbers& numbers) {
  EpochRecord record;
  const auto epoch = required(numbers, kEpoch);
  if (!(epoch >= 0 && epoch <= kLargestCount)) {
    throw_file_error("epoch record", "the epoch must be a count",
                     std::to_string(epoch));
  }
  record.epoch = static_cast<std::int64_t>(epoch);
  record.learning_rate = required(numbers, kLearningRate);
  static_cast<void>(required(numbers, "training_loss"));
  record.training = metrics_in(numbers, "training_");
  record.validation = evaluated(metrics_in(numbers, "validation_"));
  record.test = evaluated(metrics_in(numbers, "test_"));
  record.seconds = required(numbers, kSeconds);
  return record;
}

}  // namespace expandnet::train
