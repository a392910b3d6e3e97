#include "base/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace expandnet {

namespace {

/// In code points: all bytes of UTF-8 but those that continue one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
      }));
}

}  // namespace

std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows,
                         const TableOptions& options) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < header.size(); ++c) {
    widths.push_back(width_of(header[c]));
    for (const auto& row : rows) {
      widths[c] = std::max(widths[c], width_of(row[c]));
    }
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string rendered;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) rendered += "  ";
      const std::string gap(widths[c] - width_of(cells[c]), ' ');
      rendered += c < options.left_columns ? cells[c] + gap : gap + cells[c];
    }
    rendered.erase(rendered.find_last_not_of(' ') + 1);
    text += rendered + "\n";
  };
  line(header);
  if (options.rule) {
    std::vector<std::string> rule;
    rule.reserve(widths.size());
    for (const auto width : widths) rule.emplace_back(width, '-');
    line(rule);
  }
  for (const auto& row : rows) line(row);
  return text;
}

void drop_empty_columns(std::vector<std::string>& header,
                        std::vector<std::vector<std::string>>& rows) {
  for (auto column = header.size(); column-- > 0;) {
    const bool is_empty =
        !rows.empty() &&
        std::all_of(rows.begin(), rows.end(),
                    [&](const auto& row) { return row[column] == "-"; });
    if (!is_empty) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    header.erase(header.begin() + at);
    for (auto& row : rows) row.erase(row.begin() + at);
  }
}

std::string grouped(std::optional<std::int64_t> number) {
  if (!number) return "-";
  auto digits = std::to_string(*number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string grouped(std::optional<std::int64_t> number,
                    std::optional<std::int64_t> kept) {
  if (!kept || kept == number) return grouped(number);
  return grouped(number) + " (" + grouped(kept) + " kept)";
}

std::string scientific(double number) { return fmt::format("{:.1e}", number); }

std::string bytes(std::int64_t count) {
  auto size = static_cast<double>(count);
  for (const auto* unit : {"B", "KiB", "MiB"}) {
    if (size < 1024) return fmt::format("{:.4g} {}", size, unit);
    size /= 1024;
  }
  return fmt::format("{:.4g} GiB", size);
}

}  // namespace expandnet
