// hex_bytes.h: shows bytes in a message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet {

/// "ff d8 ff" and so on.
inline std::string hex_bytes(const std::vector<std::uint8_t>& bytes) {
  const std::string digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    if (!text.empty()) text += ' ';
    text += digits[byte / 16U];
    text += digits[byte % 16U];
  }
  return text;
}

}  // namespace expandnet
