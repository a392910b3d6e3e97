// jpeg.h: decodes JPEG with libjpeg-turbo.
#pragma once

#include <memory>

#include "data/images/image_decoder.h"

namespace expandnet::data {

/// Reads the header of a JPEG file, which must outlive the decoder. This
/// function and the decoder throw `std::runtime_error`, with the path, if data
/// that they need are damaged.
[[nodiscard]] std::unique_ptr<ImageDecoder> open_jpeg(
    const EncodedImage& image);

}  // namespace expandnet::data
