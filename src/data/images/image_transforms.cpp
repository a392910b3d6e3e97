#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/image_transforms.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "data/images/counter_random.h"

namespace expandnet::data {

namespace {

constexpr int kCropTries = 10;
constexpr double kMaxAspect = 4.0 / 3;
constexpr double kLogMaxAspect = 0.28768207245178092744;

/// e^x for |x| < 0.3, to the last bit or two. That of the C library differs
/// between platforms; a sum of fused steps does not.
double portable_exp(double x) {
  double sum = 1;
  for (int i = 14; i > 0; --i) sum = std::fma(sum, x / i, 1);
  return sum;
}

/// The nearest integer to n / 2, the even one of two: Python's rounding.
std::int64_t half_to_even(std::int64_t n) {
  const auto half = n / 2;
  return half + (n % 2 != 0 && half % 2 != 0 ? 1 : 0);
}

void check_image_size(const std::string& where, ImageSize image) {
  if (image.height > 0 && image.width > 0) return;
  throw_argument_error(
      where, "an image must have pixels",
      std::to_string(image.height) + " x " + std::to_string(image.width),
      "pass its size");
}

/// The largest crop in the middle that is neither too wide nor too high.
Crop central_crop(ImageSize image) {
  auto [height, width] = image;
  const auto aspect = static_cast<double>(width) / static_cast<double>(height);
  if (aspect < 1 / kMaxAspect) {
    height = std::lround(static_cast<double>(width) * kMaxAspect);
  } else if (aspect > kMaxAspect) {
    width = std::lround(static_cast<double>(height) * kMaxAspect);
  }
  return {(image.height - height) / 2, (image.width - width) / 2, height,
          width};
}

Crop draw_crop(ImageSize image, double min_area, CounterRandom& random) {
  const auto total = static_cast<double>(image.height * image.width);
  for (int i = 0; i < kCropTries; ++i) {
    const auto share = std::fma(1 - min_area, random.uniform(), min_area);
    const auto area = share * total;
    const auto aspect =
        portable_exp(kLogMaxAspect * std::fma(2, random.uniform(), -1));
    const std::int64_t width = std::lround(std::sqrt(area * aspect));
    const std::int64_t height = std::lround(std::sqrt(area / aspect));
    if (width < 1 || height < 1 || width > image.width ||
        height > image.height) {
      continue;
    }
    const auto top = random.below(image.height - height + 1);
    const auto left = random.below(image.width - width + 1);
    return {top, left, height, width};
  }
  return central_crop(image);
}

}  // namespace

RandomCrop TrainTransform::draw(ImageSize image, const DrawKey& key) const {
  const std::string where = "TrainTransform";
  if (size <= 0) {
    throw_argument_error(where, "size must be positive", std::to_string(size),
                         "224 is usual");
  }
  if (!(min_area >= 0 && min_area <= 1)) {
    throw_argument_error(where, "min_area must be 0 to 1",
                         std::to_string(min_area), "0.08 is usual");
  }
  check_image_size(where, image);

  CounterRandom random(key);
  const auto flip = random.below(2) == 1 ? Flip::kHorizontal : Flip::kNone;
  return {draw_crop(image, min_area, random), flip};
}

Image TrainTransform::read(const std::string& path, const DrawKey& key) const {
  const ImageFile file(path);
  const auto [crop, flip] = draw(file.size(), key);
  const auto [decoded, box] = file.decode(crop, {size, size});
  auto image = data::resize(decoded, box, {size, size}, flip);
  augment.apply(image.pixels.data(), {size, size}, key);
  return image;
}

Box EvalTransform::box(ImageSize image) const {
  const std::string where = "EvalTransform";
  if (size <= 0 || size > resize) {
    throw_argument_error(
        where, "size must be 1 to resize (" + std::to_string(resize) + ")",
        std::to_string(size), "224 of 256 is usual");
  }
  check_image_size(where, image);

  const auto short_side = std::min(image.height, image.width);
  const auto height = resize * image.height / short_side;
  const auto width = resize * image.width / short_side;
  const auto row_scale =
      static_cast<double>(image.height) / static_cast<double>(height);
  const auto column_scale =
      static_cast<double>(image.width) / static_cast<double>(width);
  return {static_cast<double>(half_to_even(height - size)) * row_scale,
          static_cast<double>(half_to_even(width - size)) * column_scale,
          static_cast<double>(size) * row_scale,
          static_cast<double>(size) * column_scale};
}

Image EvalTransform::read(const std::string& path) const {
  const ImageFile file(path);
  const auto [height, width] = file.size();
  auto area = box(file.size());
  // Resizing also looks at pixels around the box: see there how far.
  const auto reach = [this](double length) {
    return std::max(length / static_cast<double>(size), 1.0) + 1;
  };
  const auto begin = [](double edge) {
    return std::max(static_cast<std::int64_t>(std::floor(edge)),
                    std::int64_t{0});
  };
  const auto end = [](double edge, std::int64_t limit) {
    return std::min(static_cast<std::int64_t>(std::ceil(edge)), limit);
  };
  Crop crop;
  crop.top = begin(area.top - reach(area.height));
  crop.left = begin(area.left - reach(area.width));
  crop.height =
      end(area.top + area.height + reach(area.height), height) - crop.top;
  crop.width =
      end(area.left + area.width + reach(area.width), width) - crop.left;

  const auto decoded = file.decode(crop, {crop.height, crop.width});
  area.top -= static_cast<double>(crop.top);
  area.left -= static_cast<double>(crop.left);
  return data::resize(decoded.image, area, {size, size});
}

}  // namespace expandnet::data
