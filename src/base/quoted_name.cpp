#include "base/quoted_name.h"

#include <cstddef>

namespace expandnet {

namespace {

constexpr std::size_t kQuotedNameBytes = 80;

}  // namespace

std::string quoted_name(std::string_view name) {
  const std::string_view digits = "0123456789abcdef";
  std::string text = "\"";
  for (const auto character : name.substr(0, kQuotedNameBytes)) {
    if (character >= ' ' && character <= '~') {
      text += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    text += "\\x";
    text += digits[byte / 16U];
    text += digits[byte % 16U];
  }
  text += '"';
  if (name.size() > kQuotedNameBytes) text += "...";
  return text;
}

}  // namespace expandnet
