// table.h: text tables for reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// Columns as wide as their longest cell, the first two flush left, numbers
/// flush right, a rule under the header.
std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows);

/// 1234567 -> "1,234,567"; "-" for nothing.
std::string grouped(std::optional<std::int64_t> number);

/// Three significant digits: "2.4e-16".
std::string scientific(double number);

/// "1.5 MiB".
std::string bytes(std::int64_t count);

}  // namespace expandnet
