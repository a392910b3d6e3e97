// Any bytes are a PNG that has an index for each pixel, or a
// std::runtime_error.
#include <cstdlib>
#include <stdexcept>

#include "data/images/png_file.h"

namespace {

constexpr std::int64_t kMaskPixels = 1 << 11;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet::data;
  try {
    const EncodedImage file = {"fuzz", {data, data + size}};
    const auto decoder = open_png_mask("fuzz", file);
    const auto [height, width] = decoder->size();
    // More would say how fast libpng is.
    if (height * width > kMaskPixels) return 0;
    const auto mask = decoder->read();
    const bool fits =
        mask.height == height && mask.width == width &&
        static_cast<std::int64_t>(mask.indices.size()) == height * width;
    if (!fits) std::abort();
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
