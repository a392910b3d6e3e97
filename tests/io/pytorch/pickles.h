// pickles.h: instructions of pickles, put together by hand.
#pragma once

#include <cstdint>
#include <string>

#include "base/little_endian.h"

namespace expandnet::testing::pickles {

/// `count` bytes, the lowest first.
inline std::string little(std::uint64_t number, std::size_t count) {
  std::string bytes;
  append_little_endian(bytes, number, count);
  return bytes;
}

/// Protocol 2, the instructions, the end.
inline std::string whole(const std::string& instructions) {
  return "\x80\x02" + instructions + ".";
}

inline std::string text(const std::string& text) {
  return "X" + little(text.size(), 4) + text;
}
/// An int of 32 bits.
inline std::string integer(std::int64_t number) {
  return "J" + little(static_cast<std::uint64_t>(number), 4);
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
/// Items are keys and values, in turn.
inline std::string dict(const std::string& items) { return "}(" + items + "u"; }
inline std::string call(const std::string& callable, const std::string& items) {
  return callable + tuple(items) + "R";
}

}  // namespace expandnet::testing::pickles
