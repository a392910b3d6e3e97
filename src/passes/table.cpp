#include "passes/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace expandnet {

std::string render_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < header.size(); ++c) {
    widths.push_back(header[c].size());
    for (const auto& row : rows) {
      widths[c] = std::max(widths[c], row[c].size());
    }
  }
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string rendered;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) rendered += "  ";
      rendered += c < 2 ? fmt::format("{:<{}}", cells[c], widths[c])
                        : fmt::format("{:>{}}", cells[c], widths[c]);
    }
    rendered.erase(rendered.find_last_not_of(' ') + 1);
    text += rendered + "\n";
  };
  line(header);
  std::vector<std::string> rule;
  rule.reserve(widths.size());
  for (const auto width : widths) rule.emplace_back(width, '-');
  line(rule);
  for (const auto& row : rows) line(row);
  return text;
}

std::string grouped(std::optional<std::int64_t> number) {
  if (!number) return "-";
  auto digits = std::to_string(*number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
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
