// idx.h: reads the files of MNIST and its successors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// An array of bytes, the first dimension outermost.
struct IdxArray {
  std::vector<std::int64_t> sizes;
  std::vector<std::uint8_t> bytes;
};

/// Reads an IDX file of unsigned bytes, gzipped or not, that has
/// `dimensions` dimensions: 3 for images, 1 for labels.
///
/// Throws `std::runtime_error` when the file cannot be opened or decompressed
/// to its end, is of another kind, or holds more or less than it says.
[[nodiscard]] IdxArray read_idx(const std::string& path,
                                std::size_t dimensions);
