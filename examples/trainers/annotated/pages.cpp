#include "trainers/annotated/pages.h"

#include <fmt/format.h>

#include <cstring>

namespace expandnet::examples {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += letter;
    }
  }
  return result;
}

std::string address(const std::string& path) {
  std::string result;
  for (const char letter : path) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_plain = byte > ' ' && byte < 0x7f &&
                          std::strchr("%#?\"<>\\^`{|}&", letter) == nullptr;
    result += is_plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return result;
}

std::string start_of_page(const std::string& title, const std::string& style) {
  return fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{0}</title>
<style>
body {{ font: 14px sans-serif; margin: 2em; background: #fff; color: #222; }}
figure {{ display: inline-block; margin: 0 1em 1em 0; vertical-align: top; }}
{1}</style>
<h1>{0}</h1>
)",
                     title, style);
}

}  // namespace expandnet::examples
