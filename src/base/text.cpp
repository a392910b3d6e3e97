#include "base/text.h"

namespace expandnet {

namespace {

constexpr std::size_t kQuotedNameBytes = 80;

std::string hex_byte(std::uint8_t byte) {
  const std::string_view digits = "0123456789abcdef";
  return {digits[byte / 16U], digits[byte % 16U]};
}

/// What is not printable ASCII as "\x0a".
std::string escaped(std::string_view text) {
  std::string shown;
  for (const auto character : text) {
    if (character >= ' ' && character <= '~') {
      shown += character;
    } else {
      shown += "\\x" + hex_byte(static_cast<std::uint8_t>(character));
    }
  }
  return shown;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string quoted_name(std::string_view name) {
  auto text = in_quotes(escaped(name.substr(0, kQuotedNameBytes)));
  if (name.size() > kQuotedNameBytes) text += "...";
  return text;
}

std::string printable(std::string_view text, std::size_t most) {
  auto shown = escaped(text.substr(0, most));
  if (text.size() > most) shown += "...";
  return shown;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const auto character : text) {
    if (character == separator) {
      parts.emplace_back();
    } else {
      parts.back() += character;
    }
  }
  return parts;
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
