// png_file.h: decodes PNG by libpng, where the library was built with it.
#pragma once

#include <memory>

#include "data/images/image_decoder.h"

namespace expandnet::data {

/// Reads the header of a PNG file, which must outlive the decoder. This and
/// decoding throw `std::runtime_error`, with the path, when the data are
/// damaged or the library has no libpng.
[[nodiscard]] std::unique_ptr<ImageDecoder> open_png(const EncodedImage& image);

}  // namespace expandnet::data
