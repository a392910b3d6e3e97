// report.h: what was found of a model's chains.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// One expanded layer, checked.
struct LayerReport {
  std::string path;  ///< in the model; "" for the model itself
  std::string strategy;
  std::string widths;  ///< as asked for: "3 -> 12 -> 32 -> 8"
  std::int64_t parameters_before = 0;
  /// Numbers that trained where the chain was narrowed; absent: all.
  std::optional<std::int64_t> parameters_kept;
  std::int64_t parameters_after = 0;
  /// Per sample of the last input's size; absent if the layer has not run.
  std::optional<std::int64_t> multiply_adds_before;
  std::optional<std::int64_t> multiply_adds_after;
  /// max |compact - chain| / max |chain| over a probe input, in fp64 ...
  double error_fp64 = 0;
  /// ... and with the compact layer in its own dtype, the chain in fp64.
  double error_dtype = 0;
  std::string dtype;
};

/// What `verify` and `contract` found. Prints as a table.
struct ContractionReport {
  std::vector<LayerReport> layers;
  /// Expanded modules that had been contracted before: nothing was done.
  std::int64_t already_contracted = 0;

  [[nodiscard]] std::string to_string() const;
};
std::ostream& operator<<(std::ostream& stream, const ContractionReport& report);

}  // namespace expandnet
