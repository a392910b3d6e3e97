// report.h: the results of checking a model's chains.
#pragma once

#include <expandnet/base/export.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// The result for one expanded layer.
struct LayerReport {
  std::string path;  ///< in the model; "" for the model itself
  std::string strategy;
  std::string widths;  ///< as asked for: "3 -> 12 -> 32 -> 8"
  std::int64_t parameters_before = 0;
  /// Numbers that trained in a narrowed chain; absent if it was not narrowed.
  std::optional<std::int64_t> parameters_kept;
  std::int64_t parameters_after = 0;
  /// Per sample of the size of the last input; absent if the layer has not run.
  std::optional<std::int64_t> multiply_adds_before;
  std::optional<std::int64_t> multiply_adds_after;
  /// max |compact - chain| / max |chain| on a probe input, both in fp64.
  double error_fp64 = 0;
  /// The same with the compact layer in its own dtype and the chain in fp64.
  double error_dtype = 0;
  std::string dtype;
};

/// The result of `verify` and `contract`. Prints as a table.
struct EXPANDNET_API ContractionReport {
  std::vector<LayerReport> layers;
  /// Number of expanded modules that were already contracted; they are
  /// unchanged.
  std::int64_t already_contracted = 0;

  [[nodiscard]] std::string to_string() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const ContractionReport& report);

}  // namespace expandnet
