#include "train/saved_history.h"

#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>
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
  return archive.try_read(kFormatVersionKey, version) ? version.toInt() : 0;
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
      "the format version must be at most " + std::to_string(kFormatVersion),
      std::to_string(version) + " in \"" + path + "\"",
      "read it with the program that wrote it, or a later one");
}

void save_history(torch::serialize::OutputArchive& archive,
                  const std::vector<EpochRecord>& history) {
  std::vector<std::string> columns;
  std::vector<double> rows;
  for (const auto& record : history) {
    const auto numbers = numbers_of(record);
    if (columns.empty()) {
      for (const auto& number : numbers) columns.push_back(number.first);
    }
    for (const auto& [name, value] : numbers) {
      rows.push_back(value.value_or(std::numeric_limits<double>::quiet_NaN()));
    }
  }
  archive.write(kHistoryNamesKey, c10::IValue(columns));
  archive.write(kHistoryKey, at::tensor(rows, at::kDouble), true);
}

std::vector<EpochRecord> load_history(torch::serialize::InputArchive& archive) {
  at::Tensor rows;
  archive.read(kHistoryKey, rows, true);
  rows = rows.cpu();
  const auto columns = columns_of(archive);
  std::vector<EpochRecord> history;
  const auto* next = rows.const_data_ptr<double>();
  const auto* end = next + rows.numel();
  while (next < end) {
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
