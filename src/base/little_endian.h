// little_endian.h: reads and writes little-endian numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace expandnet {

/// Returns the unsigned number in `count` bytes, at most 8, from `offset` on.
/// The bytes must exist.
inline std::uint64_t little_endian(std::string_view bytes, std::size_t offset,
                                   std::size_t count) {
  std::uint64_t number = 0;
  for (auto i = offset + count; i > offset; --i) {
    number = number << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  return number;
}

/// Appends the lowest `count` bytes of `number`, at most 8.
inline void append_little_endian(std::string& bytes, std::uint64_t number,
                                 std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    bytes += static_cast<char>(number >> 8U * i & 0xFFU);
  }
}

}  // namespace expandnet
