#include "data/sets/parse_cifar.h"

#include <cstddef>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kCifarPixels = std::size_t{3} * 32 * 32;

struct CifarLabel {
  std::string name;
  unsigned count;  // 0 to count - 1
};

/// In the order they stand in a record.
std::vector<CifarLabel> labels_of(Cifar kind) {
  if (kind == Cifar::k10) return {{"label", 10}};
  return {{"coarse label", 20}, {"fine label", 100}};
}

}  // namespace

CifarRecords parse_cifar(ByteSource& bytes, const std::string& path,
                         Cifar kind) {
  const std::string where = kReadCifar;
  const auto quoted = in_quotes(path);
  const auto labels = labels_of(kind);
  const auto record_bytes = labels.size() + kCifarPixels;
  const auto rule = std::string(kind == Cifar::k10 ? "CIFAR-10" : "CIFAR-100") +
                    " has records of " + std::to_string(record_bytes) +
                    " bytes";

  CifarRecords records;
  for (std::size_t i = 0;; ++i) {
    const auto record = bytes.read(record_bytes);
    if (record.empty()) break;
    const auto offset = i * record_bytes;
    if (record.size() < record_bytes) {
      throw_file_error(where, rule,
                       std::to_string(record.size()) + " at byte " +
                           std::to_string(offset) + " of " + quoted,
                       "fetch the file again");
    }
    if (i == static_cast<std::size_t>(kCifarMaxRecords)) {
      throw_file_error(
          where,
          "a file may have " + std::to_string(kCifarMaxRecords) + " records",
          "more in " + quoted, "split it");
    }
    for (std::size_t l = 0; l < labels.size(); ++l) {
      if (record[l] >= labels[l].count) {
        throw_file_error(where,
                         "a " + labels[l].name + " is at most " +
                             std::to_string(labels[l].count - 1),
                         std::to_string(record[l]) + " at byte " +
                             std::to_string(offset + l) + " of " + quoted,
                         "give a file of this data set, or fetch it again");
      }
    }
    if (kind == Cifar::k100) records.coarse_labels.push_back(record[0]);
    records.labels.push_back(record[labels.size() - 1]);
    records.pixels.insert(
        records.pixels.end(),
        record.begin() + static_cast<std::ptrdiff_t>(labels.size()),
        record.end());
  }
  if (records.labels.empty()) {
    throw_file_error(where, rule, "an empty file at " + quoted,
                     "fetch it again");
  }
  return records;
}

}  // namespace expandnet::data
