// report.h: what a benchmark has found, on screen and in a file.
#pragma once

#include <c10/core/Device.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "measuring/timing.h"

namespace expandnet::examples::bench {

/// A line of the table and an object of the file.
struct Row {
  std::vector<std::string> cells;
  nlohmann::ordered_json object;
};

/// "1.234 - 1.345", with so many decimals.
std::string range(const Quartiles& ms, int decimals);

/// Prints the versions, the device and `more`, as all reports begin.
void print_machine(c10::Device device, const std::string& more);

/// Prints rows under the heads of their columns.
void print_table(const std::vector<std::string>& heads,
                 const std::vector<Row>& rows);

/// Writes the rows as a list of objects, where `path` is not empty. Throws as
/// `write_file_atomically` does.
void write_json(const std::string& path, const std::vector<Row>& rows);

}  // namespace expandnet::examples::bench
