// idx_array.h: the content of MNIST's files.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

/// An array of bytes; the first dimension is the outermost.
struct IdxArray {
  std::vector<std::int64_t> sizes;
  std::vector<std::uint8_t> bytes;
};

/// Largest array that `read_idx` accepts, in bytes: 2 GiB. Fashion-MNIST has 47
/// MB.
inline constexpr std::int64_t kIdxMaxBytes = std::int64_t{1} << 31;

}  // namespace expandnet::data
