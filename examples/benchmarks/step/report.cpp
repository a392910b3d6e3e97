#include "benchmarks/step/report.h"

#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace expandnet::examples::bench {

namespace {

nlohmann::ordered_json json_of(const Row& row) {
  nlohmann::ordered_json object;
  object["net"] = row.setup.net;
  object["device"] = row.setup.device.is_cuda() ? "cuda" : "cpu";
  object["precision"] = name_in(kPrecisions, row.setup.precision);
  object["layout"] = name_in(kLayouts, row.setup.layout);
  object["execution"] = row.execution;
  object["mode"] = name_in(kModes, row.setup.mode);
  object["overlap"] = row.setup.overlap;
  object["phase"] = row.phase;
  object["batch"] = row.setup.batch;
  object["step_ms"] = row.ms.median;
  object["q25_ms"] = row.ms.q25;
  object["q75_ms"] = row.ms.q75;
  object["ratio_to_compact"] = nullptr;
  if (!std::isnan(row.ratio_to_compact)) {
    object["ratio_to_compact"] = row.ratio_to_compact;
  }
  object["peak_bytes"] = nullptr;
  if (row.peak_bytes.has_value()) object["peak_bytes"] = *row.peak_bytes;
  object["expected_bytes"] = nullptr;
  if (row.expected_bytes.has_value()) {
    object["expected_bytes"] = *row.expected_bytes;
  }
  return object;
}

}  // namespace

std::string heading(const Setup& setup) {
  return fmt::format(
      "\n{}, {}, {}, {}, {}{}, batch {}\n"
      "{:<10}{:<14}{:>10}{:>22}{:>12}{:>11}{:>12}\n",
      setup.net, setup.device.is_cuda() ? "cuda" : "cpu",
      name_in(kPrecisions, setup.precision), name_in(kLayouts, setup.layout),
      name_in(kModes, setup.mode), setup.overlap ? " with overlap" : "",
      setup.batch, "phase", "execution", "median ms", "quartiles", "x compact",
      "peak MiB", "x expected");
}

std::string line(const Row& row) {
  const auto ratio = std::isnan(row.ratio_to_compact)
                         ? std::string("-")
                         : fmt::format("{:.3f}", row.ratio_to_compact);
  const auto peak =
      row.peak_bytes.has_value()
          ? fmt::format("{:.1f}", static_cast<double>(*row.peak_bytes) / 0x1p20)
          : std::string("-");
  const auto of_expected =
      row.peak_bytes.has_value() && row.expected_bytes.has_value()
          ? fmt::format("{:.3f}", static_cast<double>(*row.peak_bytes) /
                                      static_cast<double>(*row.expected_bytes))
          : std::string("-");
  return fmt::format("{:<10}{:<14}{:>10.3f}{:>22}{:>12}{:>11}{:>12}\n",
                     row.phase, row.execution, row.ms.median,
                     fmt::format("{:.3f} - {:.3f}", row.ms.q25, row.ms.q75),
                     ratio, peak, of_expected);
}

void write_json(const std::string& path, const std::vector<Row>& rows) {
  if (path.empty()) return;
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) list.push_back(json_of(row));
  write_file_atomically(path, list.dump(2) + "\n");
}

}  // namespace expandnet::examples::bench
