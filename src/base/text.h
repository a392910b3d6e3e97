// text.h: formats values for messages. Needs no LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace expandnet {

/// Returns `text` in double quotes, unchanged: for paths, which users copy.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Returns `name` in double quotes. Bytes that are not printable ASCII become
/// "\x0a"; a long name is cut after 80 bytes and "..." is appended.
[[nodiscard]] std::string quoted_name(std::string_view name);

/// Like `quoted_name`, without quotes and cut after `most` bytes: for tables.
[[nodiscard]] std::string printable(std::string_view text,
                                    std::size_t most = 256);

/// Returns the parts between separators: "a..b" at '.' -> "a", "", "b"; "" ->
/// "".
[[nodiscard]] std::vector<std::string> split(std::string_view text,
                                             char separator);

/// Returns the bytes in hexadecimal: "ff d8 ff".
[[nodiscard]] std::string hex_bytes(const std::vector<std::uint8_t>& bytes);

/// Returns the integers in decimal, with `separator` between them.
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

/// Returns a tensor's shape: "[8, 3, 7, 7]".
template <typename Integers = std::initializer_list<std::int64_t>>
[[nodiscard]] std::string sizes(const Integers& shape) {
  return "[" + joined(shape, ", ") + "]";
}

}  // namespace expandnet
