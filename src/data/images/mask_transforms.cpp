#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/mask_transforms.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/error.h"
#include "data/images/counter_random.h"
#include "data/images/image_sizes.h"
#include "data/images/transform_draws.h"

namespace expandnet::data {

namespace {

void check_mask_field(bool is_valid, const std::string& rule, double value) {
  if (!is_valid) {
    throw_argument_error("MaskTrainTransform", rule, std::to_string(value));
  }
}

bool lies_inside(const Crop& crop, ImageSize size) {
  return crop.top >= 0 && crop.left >= 0 && crop.height > 0 && crop.width > 0 &&
         crop.height <= size.height - crop.top &&
         crop.width <= size.width - crop.left;
}

/// The pixels of the image, one for each of a side of the target: those in
/// which the middles of its pixels lie.
std::vector<std::int64_t> sources_of(std::int64_t from, std::int64_t length,
                                     std::int64_t target_length) {
  std::vector<std::int64_t> sources(static_cast<std::size_t>(target_length));
  for (std::int64_t i = 0; i < target_length; ++i) {
    sources[static_cast<std::size_t>(i)] =
        from + (2 * i + 1) * length / (2 * target_length);
  }
  return sources;
}

/// Crops `size` pixels of a side that is scaled.
PlacedAxis crop_side(std::int64_t side, double scale, std::int64_t size,
                     CounterRandom& random) {
  const auto scaled = std::max<std::int64_t>(
      1, std::llround(static_cast<double>(side) * scale));
  if (scaled <= size) return {0, side, random.below(size - scaled + 1), scaled};
  const auto begin = random.below(scaled - size + 1);
  const auto in_image = [&](std::int64_t place) {
    return static_cast<std::int64_t>(
        std::llround(static_cast<double>(place) * static_cast<double>(side) /
                     static_cast<double>(scaled)));
  };
  const auto from = std::min(in_image(begin), side - 1);
  const auto end = std::max(in_image(begin + size), from + 1);
  return {from, end - from, 0, size};
}

/// The labels of an image of this size.
LabelImage labels_of_size(const std::string& image, ImageSize size,
                          const std::string& mask, const IndexLabels& labels) {
  auto found = read_labels(mask, labels);
  const ImageSize mask_size = {found.height, found.width};
  if (have_same_size(mask_size, size)) return found;
  throw_file_error("read_labels", kMaskSizeRule,
                   two_sizes_in_words(mask_size, mask, size, image),
                   kMaskSizeRemedy);
}

}  // namespace

LabelImage place(const LabelImage& image, const Placement& placement) {
  const auto& [source, target, size, flip] = placement;
  if (!lies_inside(source, {image.height, image.width}) ||
      !lies_inside(target, size)) {
    throw_argument_error(
        "place", "a placement must lie inside its image and its picture",
        std::to_string(source.height) + " x " + std::to_string(source.width) +
            " of " + std::to_string(image.height) + " x " +
            std::to_string(image.width) + " pixels, to " +
            std::to_string(target.height) + " x " +
            std::to_string(target.width) + " of " +
            std::to_string(size.height) + " x " + std::to_string(size.width));
  }
  LabelImage picture = {size.height, size.width, {}};
  picture.labels.assign(static_cast<std::size_t>(size.height * size.width),
                        kIgnoredLabel);
  const auto rows = sources_of(source.top, source.height, target.height);
  const auto columns = sources_of(source.left, source.width, target.width);
  const bool mirrored = flip == Flip::kHorizontal;
  for (std::size_t y = 0; y < rows.size(); ++y) {
    const auto* from = image.labels.data() + rows[y] * image.width;
    auto* to = picture.labels.data() +
               (target.top + static_cast<std::int64_t>(y)) * size.width;
    for (std::size_t x = 0; x < columns.size(); ++x) {
      const auto column = target.left + static_cast<std::int64_t>(x);
      to[mirrored ? size.width - 1 - column : column] = from[columns[x]];
    }
  }
  return picture;
}

MaskDraw MaskTrainTransform::draw(ImageSize image, ImageSize size,
                                  const DrawKey& key) const {
  check_mask_field(min_scale > 0, "min_scale must be positive", min_scale);
  check_mask_field(max_scale >= min_scale,
                   "max_scale must be at least min_scale", max_scale);
  check_mask_field(max_scale <= kMaxMaskScale, "max_scale must be at most 100",
                   max_scale);
  check_mask_field(hue >= 0 && hue <= 0.5, "hue must be 0 to 0.5", hue);
  check_mask_field(saturation >= 1, "saturation must be at least 1",
                   saturation);
  check_mask_field(exposure >= 1, "exposure must be at least 1", exposure);
  MaskDraw drawn;
  drawn.placement = stretch(image, size);
  CounterRandom random(key);
  const auto mirrors = random.below(2) == 1;
  if (flip && mirrors) drawn.placement.flip = Flip::kHorizontal;
  const auto scale = min_scale + (max_scale - min_scale) * random.uniform();
  const auto y = crop_side(image.height, scale, size.height, random);
  const auto x = crop_side(image.width, scale, size.width, random);
  drawn.placement.source = {y.from, x.from, y.length, x.length};
  drawn.placement.target = {y.to, x.to, y.placed_length, x.placed_length};
  drawn.color.hue = hue * (2 * random.uniform() - 1);
  drawn.color.saturation = draw_factor(saturation, random);
  drawn.color.exposure = draw_factor(exposure, random);
  return drawn;
}

LabelledPicture MaskTrainTransform::read(const std::string& image,
                                         const std::string& mask,
                                         const IndexLabels& labels,
                                         ImageSize size,
                                         const DrawKey& key) const {
  const ImageFile file(image, ExifOrientation::kIgnored);
  const auto [placement, color] = draw(file.size(), size, key);
  LabelledPicture picture = {
      place(file, placement),
      place(labels_of_size(image, file.size(), mask, labels), placement)};
  change_color(picture.image.pixels.data(), size, color);
  return picture;
}

LabelledPicture read_labelled(const std::string& image, const std::string& mask,
                              const IndexLabels& labels) {
  const ImageFile file(image, ExifOrientation::kIgnored);
  const auto size = file.size();
  return {place(file, stretch(size, size)),
          labels_of_size(image, size, mask, labels)};
}

}  // namespace expandnet::data
