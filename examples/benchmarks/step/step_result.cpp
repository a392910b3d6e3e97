#include "benchmarks/step/step_result.h"

#include <fmt/format.h>

#include <cmath>

namespace expandnet::examples::bench {

namespace {

nlohmann::ordered_json json_of(const StepResult& row) {
  nlohmann::ordered_json object;
  object["net"] = row.setup.net;
  object["device"] = row.setup.device.is_cuda() ? "cuda" : "cpu";
  object["precision"] = name_in(kPrecisions, row.setup.precision);
  object["layout"] = name_in(kLayouts, row.setup.layout);
  object["execution"] = row.execution;
  object["mode"] = name_in(kModes, row.setup.mode);
  object["overlap"] = row.setup.overlap;
  object["narrow"] = row.setup.narrow;
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
  object["counted_ratio"] = nullptr;
  if (row.counted_ratio.has_value()) {
    object["counted_ratio"] = *row.counted_ratio;
  }
  return object;
}

}  // namespace

std::string heading(const Setup& setup) {
  return fmt::format(
      "\n{}, {}, {}, {}, {}{}{}, batch {}\n", setup.net,
      setup.device.is_cuda() ? "cuda" : "cpu",
      name_in(kPrecisions, setup.precision), name_in(kLayouts, setup.layout),
      name_in(kModes, setup.mode), setup.overlap ? " with overlap" : "",
      setup.narrow ? "" : ", wide", setup.batch);
}

const std::vector<std::string>& step_heads() {
  static const std::vector<std::string> heads = {
      "phase",     "execution",  "median ms", "quartiles",
      "x compact", "x by count", "peak MiB",  "x expected"};
  return heads;
}

Row row_of(const StepResult& result) {
  const auto& peak = result.peak_bytes;
  const auto& expected = result.expected_bytes;
  const auto ratio = std::isnan(result.ratio_to_compact)
                         ? std::string("-")
                         : fmt::format("{:.3f}", result.ratio_to_compact);
  const auto counted = result.counted_ratio
                           ? fmt::format("{:.3f}", *result.counted_ratio)
                           : std::string("-");
  const auto mebibytes =
      peak ? fmt::format("{:.1f}", static_cast<double>(*peak) / 0x1p20)
           : std::string("-");
  const auto of_expected =
      peak && expected
          ? fmt::format("{:.3f}", static_cast<double>(*peak) /
                                      static_cast<double>(*expected))
          : std::string("-");
  return {
      {result.phase, result.execution, fmt::format("{:.3f}", result.ms.median),
       range(result.ms, 3), ratio, counted, mebibytes, of_expected},
      json_of(result)};
}

}  // namespace expandnet::examples::bench
