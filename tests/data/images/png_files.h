// png_files.h: PNG files of every kind, written without libpng.
#pragma once

#include <expandnet/data/images/image.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

struct PngLayout {
  int depth = 8;   ///< bits of a sample
  int colour = 2;  ///< the colour type of the standard: 0, 2, 3, 4 or 6
  bool interlaced = false;
  std::string chunks;  ///< before the data
};

/// Samples of a pixel of this colour type.
std::size_t png_channels(int colour);

/// The samples are [height, width, channels].
std::string png_file(const std::vector<std::uint32_t>& samples, ImageSize size,
                     const PngLayout& layout);

/// With its length and checksum.
std::string png_chunk(const std::string& name, const std::string& data);

/// gAMA of `gamma` / 100,000.
std::string gamma_chunk(std::uint32_t gamma);

}  // namespace expandnet::data
