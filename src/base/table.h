// table.h: text tables, and numbers as they stand in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

struct TableOptions {
  std::size_t left_columns = 2;  ///< flush left; the others are flush right
  bool rule = true;              ///< dashes under the header
};

/// Columns as wide as their longest cell, two spaces between them. Cells are
/// UTF-8; a code point is one column wide.
[[nodiscard]] std::string render_table(
    const std::vector<std::string>& header,
    const std::vector<std::vector<std::string>>& rows,
    const TableOptions& options = {});

/// Takes out the columns whose cells are all "-".
void drop_empty_columns(std::vector<std::string>& header,
                        std::vector<std::vector<std::string>>& rows);

/// 1234567 -> "1,234,567"; "-" for nothing.
[[nodiscard]] std::string grouped(std::optional<std::int64_t> number);

/// "1,745,766", and "1,745,766 (762,215 kept)" where fewer are kept.
[[nodiscard]] std::string grouped(std::optional<std::int64_t> number,
                                  std::optional<std::int64_t> kept);

/// Two significant digits: "2.4e-16".
[[nodiscard]] std::string scientific(double number);

/// "1.5 MiB".
[[nodiscard]] std::string bytes(std::int64_t count);

}  // namespace expandnet
