// idx.h: reads the files of MNIST and its successors.
#pragma once

#include <expandnet/data/sets/idx_array.h>

#include <cstddef>
#include <string>

namespace expandnet::data {

/// Reads an IDX file of unsigned bytes (type 0x08), gzipped or not, that has
/// `dimensions` dimensions, 1 to 4: 3 for images, 1 for labels.
///
/// Throws `std::runtime_error` when the file cannot be opened or decompressed
/// to its end, is of another kind, is larger than `kIdxMaxBytes`, or holds
/// more or less than it says, nothing included; `c10::Error` for another number
/// of dimensions.
///
///     const auto [sizes, bytes] = read_idx("train-images-idx3-ubyte.gz", 3);
[[nodiscard]] IdxArray read_idx(const std::string& path,
                                std::size_t dimensions);

}  // namespace expandnet::data
