// jpeg.h: decodes JPEG by libjpeg-turbo.
#pragma once

#include <expandnet/data/images/image_file.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

struct JpegHeader {
  ImageSize size;       ///< as stored
  int orientation = 1;  ///< of EXIF, 1 to 8
};

/// Both functions throw `std::runtime_error`, in the name of `where` and with
/// the path, when what they need of the data is damaged.
[[nodiscard]] JpegHeader read_jpeg_header(
    const std::string& where, const std::string& path,
    const std::vector<std::uint8_t>& bytes);

/// Decodes a crop of the image as it is stored, at the smallest of the scales
/// that `ImageFile::decode` names.
[[nodiscard]] DecodedCrop decode_jpeg(const std::string& where,
                                      const std::string& path,
                                      const std::vector<std::uint8_t>& bytes,
                                      const Crop& crop, ImageSize target);

}  // namespace expandnet::data
