// text.h: values as text, for messages. Needs no LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace expandnet {

/// `text` in double quotes, as it is: for paths, which users copy.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// `name` in double quotes. What is not printable ASCII stands as "\x0a", and
/// a long name is cut after 80 bytes, with "..." behind it.
[[nodiscard]] std::string quoted_name(std::string_view name);

/// As `quoted_name`, without quotes and cut after `most` bytes: for tables.
[[nodiscard]] std::string printable(std::string_view text,
                                    std::size_t most = 256);

/// The parts between separators: "a..b" at '.' -> "a", "", "b"; "" -> "".
[[nodiscard]] std::vector<std::string> split(std::string_view text,
                                             char separator);

/// "ff d8 ff" and so on.
[[nodiscard]] std::string hex_bytes(const std::vector<std::uint8_t>& bytes);

/// The integers in decimal, `separator` between them.
template <typename Integers = std::initializer_list<std::int64_t>>
[[nodiscard]] std::string joined(const Integers& values,
                                 std::string_view separator) {
  std::string text;
  bool first = true;
  for (const auto value : values) {
    if (!first) text += separator;
    text += std::to_string(value);
    first = false;
  }
  return text;
}

/// A tensor's shape: "[8, 3, 7, 7]".
template <typename Integers = std::initializer_list<std::int64_t>>
[[nodiscard]] std::string sizes(const Integers& shape) {
  return "[" + joined(shape, ", ") + "]";
}

}  // namespace expandnet
