#include "base/text.h"

#include <cstddef>

namespace expandnet {

namespace {

constexpr std::size_t kQuotedNameBytes = 80;

std::string hex_byte(std::uint8_t byte) {
  const std::string_view digits = "0123456789abcdef";
  return {digits[byte / 16U], digits[byte % 16U]};
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string quoted_name(std::string_view name) {
  std::string text = "\"";
  for (const auto character : name.substr(0, kQuotedNameBytes)) {
    if (character >= ' ' && character <= '~') {
      text += character;
    } else {
      text += "\\x" + hex_byte(static_cast<std::uint8_t>(character));
    }
  }
  text += '"';
  if (name.size() > kQuotedNameBytes) text += "...";
  return text;
}

std::string hex_bytes(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (const auto byte : bytes) {
    if (!text.empty()) text += ' ';
    text += hex_byte(byte);
  }
  return text;
}

}  // namespace expandnet
