#include "train/saved_history.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "io/pytorch/checkpoint_keys.h"

namespace expandnet::train {

namespace {

/// The columns of version 0, which did not name them.
const std::vector<std::string> kFirstColumns = {"epoch",
                                                "learning_rate",
                                                "training_loss",
                                                "training_accuracy",
                                                "training_top5",
                                                "validation_loss",
                                                "validation_accuracy",
                                                "validation_top5",
                                                "test_loss",
                                                "test_accuracy",
                                                "test_top5",
                                                "seconds"};

std::int64_t version_of(torch::serialize::InputArchive& archive) {
  c10::IValue version;
  if (!archive.try_read(kFormatVersionKey, version)) return 0;
  return version.isInt() ? version.toInt() : -1;
}

std::vector<std::string> columns_of(torch::serialize::InputArchive& archive) {
  if (version_of(archive) == 0) return kFirstColumns;
  c10::IValue names;
  archive.read(kHistoryNamesKey, names);
  std::vector<std::string> columns;
  for (const auto& name : names.toListRef()) {
    columns.push_back(name.toStringRef());
  }
  return columns;
}

}  // namespace

void check_format_version(torch::serialize::InputArchive& archive,
                          const std::string& path) {
  const auto version = version_of(archive);
  if (version >= 0 && version <= kFormatVersion) return;
  throw_file_error(
      "Checkpoints",
      "the format version must be from 0 to " + std::to_string(kFormatVersion),
      std::to_string(version) + " in \"" + path + "\"",
      "read it with the program that wrote it, or a later one");
}

void save_history(torch::serialize::OutputArchive& archive,
                  const std::vector<EpochRecord>& history) {
  const auto none = std::numeric_limits<double>::quiet_NaN();
  // Records may have other metrics, where a later program has gone on.
  std::vector<std::string> columns;
  for (const auto& record : history) {
    for (const auto& [name, value] : numbers_of(record)) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
        columns.push_back(name);
      }
    }
  }
  std::vector<double> rows;
  for (const auto& record : history) {
    const auto numbers = numbers_of(record);
    const std::map<std::string, std::optional<double>> by_name(numbers.begin(),
                                                               numbers.end());
    for (const auto& name : columns) {
      const auto found = by_name.find(name);
      rows.push_back(found == by_name.end() ? none
                                            : found->second.value_or(none));
    }
  }
  archive.write(kHistoryNamesKey, c10::IValue(columns));
  archive.write(kHistoryKey, at::tensor(rows, at::kDouble), true);
}

std::vector<EpochRecord> load_history(torch::serialize::InputArchive& archive,
                                      std::int64_t epochs) {
  at::Tensor rows;
  archive.read(kHistoryKey, rows, true);
  rows = rows.cpu().contiguous();
  const auto columns = columns_of(archive);
  const auto count = epochs * static_cast<std::int64_t>(columns.size());
  if (rows.scalar_type() != at::kDouble || rows.numel() != count) {
    throw_file_error("Checkpoints",
                     "the history must have a row of doubles for each of " +
                         std::to_string(epochs) + " epochs",
                     std::to_string(rows.numel()) + " numbers of " +
                         c10::toString(rows.scalar_type()) + " in " +
                         std::to_string(columns.size()) + " columns");
  }
  std::vector<EpochRecord> history;
  const auto* next = rows.const_data_ptr<double>();
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    NamedNumbers numbers;
    for (const auto& name : columns) {
      const auto value = *next++;
      numbers.emplace_back(name, std::isnan(value)
                                     ? std::nullopt
                                     : std::optional<double>(value));
    }
    history.push_back(record_of(numbers));
  }
  return history;
}

}  // namespace expandnet::train
