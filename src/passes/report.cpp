#include <expandnet/passes/report.h>

#include <ostream>

#include "base/table.h"

namespace expandnet {

std::string ContractionReport::to_string() const {
  std::vector<std::vector<std::string>> rows;
  for (const auto& layer : layers) {
    rows.push_back(
        {layer.path.empty() ? "(model)" : layer.path,
         layer.strategy + " " + layer.widths,
         grouped(layer.parameters_before, layer.parameters_kept),
         grouped(layer.parameters_after), grouped(layer.multiply_adds_before),
         grouped(layer.multiply_adds_after), scientific(layer.error_fp64),
         scientific(layer.error_dtype) + " " + layer.dtype});
  }
  std::string text;
  if (!rows.empty()) {
    std::vector<std::string> header = {
        "layer", "chain",         "train params", "deploy params",
        "madds", "compact madds", "error fp64",   "error"};
    drop_empty_columns(header, rows);
    text = render_table(header, rows);
  }
  if (already_contracted > 0) {
    text += std::to_string(already_contracted) +
            (already_contracted == 1 ? " layer was" : " layers were") +
            " contracted already; nothing to do there\n";
  }
  return text;
}

std::ostream& operator<<(std::ostream& stream,
                         const ContractionReport& report) {
  return stream << report.to_string();
}

}  // namespace expandnet
