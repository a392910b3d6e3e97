// idx.h: reads the files of MNIST and its successors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
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

/// Reads an IDX file of unsigned bytes (type 0x08), gzipped or not, that has
/// `dimensions` dimensions, 1 to 4: 3 for images, 1 for labels.
///
/// Throws `std::runtime_error` when the file cannot be opened or decompressed
/// to its end, is of another kind, is larger than `kIdxMaxBytes`, or holds
/// more or less than it says, nothing included.
///
///     const auto [sizes, bytes] = read_idx("train-images-idx3-ubyte.gz", 3);
[[nodiscard]] IdxArray read_idx(const std::string& path,
                                std::size_t dimensions);

}  // namespace expandnet::data
