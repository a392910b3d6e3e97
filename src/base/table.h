// table.h: text tables, and the formats of numbers in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

struct TableOptions {
  std::size_t left_columns = 2;  ///< left-aligned; the others are right-aligned
  bool rule = true;              ///< a line of dashes under the header
};

/// Returns columns as wide as their longest cell, separated by two spaces.
/// Cells are UTF-8; a code point counts as one column.
[[nodiscard]] std::string render_table(
    const std::vector<std::string>& header,
    const std::vector<std::vector<std::string>>& rows,
    const TableOptions& options = {});

/// Removes the columns whose cells are all "-".
void drop_empty_columns(std::vector<std::string>& header,
                        std::vector<std::vector<std::string>>& rows);

/// 1234567 -> "1,234,567"; absent -> "-".
[[nodiscard]] std::string grouped(std::optional<std::int64_t> number);

/// "1,745,766", or "1,745,766 (762,215 kept)" if fewer are kept.
[[nodiscard]] std::string grouped(std::optional<std::int64_t> number,
                                  std::optional<std::int64_t> kept);

/// Two significant digits: "2.4e-16".
[[nodiscard]] std::string scientific(double number);

/// "1.5 MiB".
[[nodiscard]] std::string bytes(std::int64_t count);

}  // namespace expandnet
