// For builds without libpng.
#include "base/error.h"
#include "base/text.h"
#include "data/images/png_file.h"

namespace expandnet::data {

std::unique_ptr<ImageDecoder> open_png(const EncodedImage& image) {
  throw_file_error(kImageFile, "this build reads JPEG alone",
                   "PNG in " + in_quotes(image.path),
                   "install libpng and build again, or convert the file");
}

std::unique_ptr<MaskDecoder> open_png_mask(const std::string& where,
                                           const EncodedImage& mask) {
  throw_file_error(where, "masks are PNG, which this build cannot read",
                   in_quotes(mask.path), "install libpng and build again");
}

}  // namespace expandnet::data
