// Any bytes are a JPEG or PNG image that holds the crop it is asked for, or a
// std::runtime_error.
#include <expandnet/data/images/image_file.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace {

constexpr std::int64_t kPixels = 1 << 11;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet::data;
  try {
    const ImageFile image("fuzz", {data, data + size});
    const auto [height, width] = image.size();
    // More would say how fast libjpeg is.
    if (height * width > kPixels) return 0;
    const auto top = height / 3, left = width / 3;
    const auto [pixels, box] =
        image.decode({top, left, height - top, width - left}, {5, 7});
    const auto count = pixels.height * pixels.width * 3;
    if (count != static_cast<std::int64_t>(pixels.pixels.size())) std::abort();
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
