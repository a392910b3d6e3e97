// result.h: what took how long, on screen and in a file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "measuring/timing.h"

namespace expandnet::examples::bench {

/// One line of a table, one object of the file.
struct Result {
  std::string group;  ///< what is compared: "loader", a net, ...
  std::string what;
  Quartiles ms;       ///< of a turn
  double amount = 0;  ///< done in a turn, in `unit`; 0: not counted
  std::string unit;   ///< "images", "MB"
  /// Names and medians of the ratios within each round.
  std::vector<std::pair<std::string, double>> ratios;
};

/// Prints what is known of the machine, as all tables begin.
void print_machine(int threads);
void print(const std::vector<Result>& results);

/// Writes the results as a list of objects, where `path` is not empty. Throws
/// as `write_file_atomically` does.
void write_json(const std::string& path, const std::vector<Result>& results);

}  // namespace expandnet::examples::bench
