#include "benchmarks/files/result.h"

#include <fmt/format.h>

namespace expandnet::examples::bench {

namespace {

/// What is done in a second; 0 where nothing is counted.
double rate(const Result& result) {
  return result.amount * 1000 / result.ms.median;
}

nlohmann::ordered_json json_of(const Result& result) {
  nlohmann::ordered_json object;
  object["group"] = result.group;
  object["what"] = result.what;
  object["ms"] = result.ms.median;
  object["q25_ms"] = result.ms.q25;
  object["q75_ms"] = result.ms.q75;
  object["per_second"] = nullptr;
  if (result.amount > 0) {
    object["per_second"] = rate(result);
    object["unit"] = result.unit;
  }
  auto& ratios = object["ratios"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : result.ratios) ratios[name] = value;
  return object;
}

Row row_of(const Result& result) {
  std::string ratios;
  for (const auto& [name, value] : result.ratios) {
    if (!ratios.empty()) ratios += ", ";
    ratios += fmt::format("{:.2f} {}", value, name);
  }
  return {
      {result.group, result.what, fmt::format("{:.1f}", result.ms.median),
       range(result.ms, 1),
       result.amount > 0 ? fmt::format("{:.0f} {}", rate(result), result.unit)
                         : std::string("-"),
       ratios.empty() ? "-" : ratios},
      json_of(result)};
}

}  // namespace

std::vector<Row> rows_of(const std::vector<Result>& results) {
  std::vector<Row> rows;
  rows.reserve(results.size());
  for (const auto& result : results) rows.push_back(row_of(result));
  return rows;
}

void print(const std::vector<Result>& results) {
  print_table(
      {"group", "what", "median ms", "quartiles", "per second", "ratios"},
      rows_of(results));
}

}  // namespace expandnet::examples::bench
