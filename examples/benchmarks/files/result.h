// result.h: what took how long.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "benchmarks/report.h"
#include "measuring/timing.h"

namespace expandnet::examples::bench {

struct Result {
  std::string group;  ///< what is compared: "loader", a net, ...
  std::string what;
  Quartiles ms;       ///< of a turn
  double amount = 0;  ///< done in a turn, in `unit`; 0: not counted
  std::string unit;   ///< "images", "MB"
  /// Names and medians of the ratios within each round.
  std::vector<std::pair<std::string, double>> ratios;
};

/// Prints a table of them.
void print(const std::vector<Result>& results);

std::vector<Row> rows_of(const std::vector<Result>& results);

}  // namespace expandnet::examples::bench
