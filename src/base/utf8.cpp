#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace expandnet {

namespace {

/// A code point of so many bytes begins with a byte in this range; fewer bytes
/// would do for those below the smallest.
struct Utf8Form {
  std::size_t bytes;
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t smallest;
};
constexpr Utf8Form kUtf8Forms[] = {{1, 0x00, 0x7F, 0},
                                   {2, 0xC0, 0xDF, 0x80},
                                   {3, 0xE0, 0xEF, 0x800},
                                   {4, 0xF0, 0xF7, 0x10000}};

/// How many bytes the first code point takes, 0 if it is none.
std::size_t code_point_bytes(std::string_view bytes) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  for (const auto& [count, first, last, smallest] : kUtf8Forms) {
    if (byte(0) < first || byte(0) > last || bytes.size() < count) continue;
    auto code_point = byte(0) - first;
    for (std::size_t i = 1; i < count; ++i) {
      if (byte(i) >> 6U != 2) return 0;
      code_point = code_point << 6U | (byte(i) & 0x3FU);
    }
    const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    const bool fits = code_point >= smallest && code_point <= 0x10FFFF;
    return fits && !is_surrogate ? count : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = code_point_bytes(bytes);
    if (count == 0) return false;
    bytes.remove_prefix(count);
  }
  return true;
}

}  // namespace expandnet
