// byte_source.h: bytes one after another, wherever they come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace expandnet::data {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Returns the next `count` bytes, fewer where they end before. The memory
  /// taken grows with what is there, not with `count`.
  [[nodiscard]] virtual std::vector<std::uint8_t> read(std::size_t count) = 0;
};

}  // namespace expandnet::data
