// png_file.h: decodes PNG with libpng, if the library was built with it.
#pragma once

#include <expandnet/data/images/mask_file.h>

#include <memory>
#include <string>

#include "data/images/image_decoder.h"

namespace expandnet::data {

/// Reads the header of a PNG file, which must outlive the decoder. This
/// function and the decoder throw `std::runtime_error`, with the path, if the
/// data are damaged or the library has no libpng.
[[nodiscard]] std::unique_ptr<ImageDecoder> open_png(const EncodedImage& image);

/// A mask whose header has been read.
class MaskDecoder {
 public:
  MaskDecoder() = default;
  MaskDecoder(const MaskDecoder&) = delete;
  MaskDecoder& operator=(const MaskDecoder&) = delete;
  virtual ~MaskDecoder() = default;

  [[nodiscard]] virtual ImageSize size() const = 0;
  /// Decodes the mask; call it once.
  [[nodiscard]] virtual Mask read() = 0;
};

/// Like `open_png`, for a PNG whose pixels are indices; throws for any other
/// file. `where` begins the messages.
[[nodiscard]] std::unique_ptr<MaskDecoder> open_png_mask(
    const std::string& where, const EncodedImage& mask);

}  // namespace expandnet::data
