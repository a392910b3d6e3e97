// jpeg.h: decodes JPEG with libjpeg-turbo.
#pragma once

#include <expandnet/data/images/image_file.h>

#include <memory>

#include "data/images/image_decoder.h"

namespace expandnet::data {

/// Reads the header of a JPEG file, which must outlive the decoder. This and
/// decoding throw `std::runtime_error`, with the path, when what they need of
/// the data is damaged.
[[nodiscard]] std::unique_ptr<ImageDecoder> open_jpeg(const EncodedImage& image,
                                                      ExifOrientation exif);

}  // namespace expandnet::data
