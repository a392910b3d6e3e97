// report.h: results on screen and in a file.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/step/setup.h"
#include "measuring/timing.h"

namespace expandnet::examples::bench {

/// One line of the table, one object of the file.
struct Row {
  Setup setup;
  std::string execution;
  /// "train", "infer"; of the overhead "pull-back", "update", "fold",
  /// and "products", which are in the first and the last of these.
  std::string phase;
  Quartiles ms;
  /// Not a number where compact was not timed.
  double ratio_to_compact = std::numeric_limits<double>::quiet_NaN();
  std::optional<std::int64_t> peak_bytes;
  /// Of training in weight space, where compact was run: its peak, and the
  /// factors with their gradients and momentum.
  std::optional<std::int64_t> expected_bytes;
};

/// The line that says what all rows of a setup share, and the columns.
std::string heading(const Setup& setup);
std::string line(const Row& row);

/// Writes the rows as a list of objects, what was not measured as null, where
/// `path` is not empty. Throws as `write_file_atomically` does.
void write_json(const std::string& path, const std::vector<Row>& rows);

}  // namespace expandnet::examples::bench
