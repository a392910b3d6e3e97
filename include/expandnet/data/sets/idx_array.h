// idx_array.h: what the files of MNIST hold.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

/// An array of bytes, the first dimension outermost.
struct IdxArray {
  std::vector<std::int64_t> sizes;
  std::vector<std::uint8_t> bytes;
};

/// The largest array that `read_idx` takes, in bytes: 2 GiB. Fashion-MNIST has
/// 47 MB.
inline constexpr std::int64_t kIdxMaxBytes = std::int64_t{1} << 31;

}  // namespace expandnet::data
