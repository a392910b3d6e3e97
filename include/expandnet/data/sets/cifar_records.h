// cifar_records.h: the content of the binary CIFAR files.
#pragma once

#include <cstdint>
#include <vector>

namespace expandnet::data {

enum class Cifar {
  k10,   ///< a record is a label and 3,072 pixels
  k100,  ///< a record is a coarse label, a fine label and 3,072 pixels
};

/// Records of 32x32 images with three channels.
struct CifarRecords {
  std::vector<std::uint8_t> pixels;  ///< [N, 3, 32, 32]: red, green, blue
  std::vector<std::uint8_t> labels;  ///< [N], 0 to 9; CIFAR-100: 0 to 99
  std::vector<std::uint8_t> coarse_labels;  ///< CIFAR-100: [N], 0 to 19
};

/// Largest number of records that `read_cifar` accepts in one file; the
/// official files have 10,000 or 50,000.
inline constexpr std::int64_t kCifarMaxRecords = 500000;

}  // namespace expandnet::data
