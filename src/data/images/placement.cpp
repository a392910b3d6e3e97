#include <expandnet/data/images/placement.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "base/error.h"

namespace expandnet::data {

namespace {

/// The map of one axis, between two stretches.
double mapped(double place, std::int64_t from_begin, std::int64_t from_length,
              std::int64_t to_begin, std::int64_t to_length) {
  return (place - static_cast<double>(from_begin)) *
             static_cast<double>(to_length) / static_cast<double>(from_length) +
         static_cast<double>(to_begin);
}

Box mapped_box(const Box& box, const Crop& from, const Crop& to) {
  Box result;
  result.left = mapped(box.left, from.left, from.width, to.left, to.width);
  result.top = mapped(box.top, from.top, from.height, to.top, to.height);
  result.width =
      mapped(box.left + box.width, from.left, from.width, to.left, to.width) -
      result.left;
  result.height =
      mapped(box.top + box.height, from.top, from.height, to.top, to.height) -
      result.top;
  return result;
}

Box flipped(Box box, const Placement& placement) {
  if (placement.flip == Flip::kHorizontal) {
    box.left = static_cast<double>(placement.size.width) - box.left - box.width;
  }
  return box;
}

void check_sizes(ImageSize image, ImageSize size) {
  for (const auto& [height, width] : {image, size}) {
    if (height > 0 && width > 0) continue;
    throw_argument_error(
        "Placement", "image and picture must have pixels",
        std::to_string(height) + " x " + std::to_string(width));
  }
}

/// Puts a decoded source into its place.
Image placed(const Image& source, const Box& box, const Placement& placement) {
  const auto& [top, left, height, width] = placement.target;
  auto scaled = data::resize(source, box, {height, width}, placement.flip);
  const auto& size = placement.size;
  if (height == size.height && width == size.width) return scaled;
  Image picture = {size.height, size.width, {}};
  picture.pixels.assign(static_cast<std::size_t>(size.height * size.width * 3),
                        kGreyLevel);
  const auto column =
      placement.flip == Flip::kHorizontal ? size.width - left - width : left;
  for (std::int64_t y = 0; y < height; ++y) {
    std::copy_n(scaled.pixels.data() + y * width * 3, width * 3,
                picture.pixels.data() + ((top + y) * size.width + column) * 3);
  }
  return picture;
}

}  // namespace

Placement stretch(ImageSize image, ImageSize size) {
  check_sizes(image, size);
  return {{0, 0, image.height, image.width},
          {0, 0, size.height, size.width},
          size,
          Flip::kNone};
}

Placement letterbox(ImageSize image, ImageSize size) {
  check_sizes(image, size);
  const auto scale = std::min(
      static_cast<double>(size.height) / static_cast<double>(image.height),
      static_cast<double>(size.width) / static_cast<double>(image.width));
  const auto scaled = [&](std::int64_t side, std::int64_t limit) {
    const auto rounded = static_cast<std::int64_t>(
        std::lround(static_cast<double>(side) * scale));
    return std::clamp<std::int64_t>(rounded, 1, limit);
  };
  const auto height = scaled(image.height, size.height);
  const auto width = scaled(image.width, size.width);
  return {{0, 0, image.height, image.width},
          {(size.height - height) / 2, (size.width - width) / 2, height, width},
          size,
          Flip::kNone};
}

Box to_picture(const Placement& placement, const Box& box) {
  return flipped(mapped_box(box, placement.source, placement.target),
                 placement);
}

Box to_image(const Placement& placement, const Box& box) {
  return mapped_box(flipped(box, placement), placement.target,
                    placement.source);
}

Image place(const Image& image, const Placement& placement) {
  const auto& [top, left, height, width] = placement.source;
  return placed(image,
                {static_cast<double>(top), static_cast<double>(left),
                 static_cast<double>(height), static_cast<double>(width)},
                placement);
}

Image place(const ImageFile& file, const Placement& placement) {
  const auto& target = placement.target;
  const auto [source, box] =
      file.decode(placement.source, {target.height, target.width});
  return placed(source, box, placement);
}

}  // namespace expandnet::data
