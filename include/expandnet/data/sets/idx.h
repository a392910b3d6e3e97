// idx.h: reads the IDX files of MNIST and similar data sets.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/idx_array.h>

#include <cstddef>
#include <string>

namespace expandnet::data {

/// Reads an IDX file of unsigned bytes (type 0x08), which may be gzipped, with
/// 1 to 4 `dimensions`: 3 for images, 1 for labels.
///
/// Throws `std::runtime_error` if the file cannot be opened or completely
/// decompressed, is of another kind, is larger than `kIdxMaxBytes`, holds more
/// or less than its header states, or is empty; `c10::Error` if `dimensions` is
/// out of range.
///
///     const auto [sizes, bytes] = read_idx("train-images-idx3-ubyte.gz", 3);
[[nodiscard]] EXPANDNET_API IdxArray read_idx(const std::string& path,
                                              std::size_t dimensions);

}  // namespace expandnet::data
