// byte_source.h: a sequence of bytes from any source.
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

  /// Returns the next `count` bytes, or fewer at the end. Memory use grows with
  /// the bytes that exist, not with `count`.
  [[nodiscard]] virtual std::vector<std::uint8_t> read(std::size_t count) = 0;
};

}  // namespace expandnet::data
