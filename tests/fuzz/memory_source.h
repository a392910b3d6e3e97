// memory_source.h: an input as a source of bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/sets/byte_source.h"

class MemorySource : public expandnet::data::ByteSource {
 public:
  MemorySource(const std::uint8_t* data, std::size_t size)
      : next_(data), left_(size) {}

  [[nodiscard]] std::vector<std::uint8_t> read(std::size_t count) override {
    count = std::min(count, left_);
    const auto* begin = next_;
    next_ += count;
    left_ -= count;
    return {begin, next_};
  }

 private:
  const std::uint8_t* next_;
  std::size_t left_;
};
