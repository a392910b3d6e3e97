#include <expandnet/data/images/mask_file.h>

#include <memory>

#include "data/images/image_decoder.h"
#include "data/images/png_file.h"

namespace expandnet::data {

namespace {

constexpr const char* kReadMask = "read_mask";

std::unique_ptr<MaskDecoder> open_mask(const EncodedImage& mask) {
  auto decoder = open_png_mask(kReadMask, mask);
  check_image_size(kReadMask, decoder->size(), mask.path);
  return decoder;
}

}  // namespace

Mask read_mask(const std::string& path) {
  const EncodedImage mask = {path, read_image_bytes(kReadMask, path)};
  return open_mask(mask)->read();
}

ImageSize read_mask_size(const std::string& path) {
  return size_by_head(kReadMask, path, [](const EncodedImage& mask) {
    return open_mask(mask)->size();
  });
}

}  // namespace expandnet::data
