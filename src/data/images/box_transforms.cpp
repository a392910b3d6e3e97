#include <expandnet/data/images/box_transforms.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/splitmix.h"
#include "base/text.h"
#include "data/images/counter_random.h"
#include "data/images/image_sizes.h"
#include "data/images/transform_draws.h"

namespace expandnet::data {

namespace {

constexpr const char* kBoxTrain = "BoxTrainTransform";
/// Keeps the draws of sides apart from those of images.
constexpr std::uint64_t kSideStream = 0x5343414C45U;

void check_field(const char* where, bool is_valid, const std::string& rule,
                 double value) {
  if (!is_valid) throw_argument_error(where, rule, std::to_string(value));
}

/// Moves both ends of a side by a share of it, and cuts what is outside.
PlacedAxis draw_axis(std::int64_t side, std::int64_t size, double jitter,
                     CounterRandom& random) {
  const auto shift = [&] {
    const auto share = jitter * (2 * random.uniform() - 1);
    return static_cast<std::int64_t>(
        std::lround(share * static_cast<double>(side)));
  };
  const auto begin = shift();
  const auto end = std::max(side - shift(), begin + 1);
  PlacedAxis axis;
  axis.from = std::clamp<std::int64_t>(begin, 0, side - 1);
  axis.length = std::clamp<std::int64_t>(end, axis.from + 1, side) - axis.from;
  const auto place = [&](std::int64_t at) {
    return static_cast<std::int64_t>(std::lround(
        static_cast<double>(at - begin) * static_cast<double>(size) /
        static_cast<double>(end - begin)));
  };
  axis.to = std::clamp<std::int64_t>(place(axis.from), 0, size - 1);
  axis.placed_length = std::clamp<std::int64_t>(place(axis.from + axis.length),
                                                axis.to + 1, size) -
                       axis.to;
  return axis;
}

}  // namespace

std::vector<AnnotatedObject> place_objects(
    const std::vector<AnnotatedObject>& objects, const Placement& placement,
    double min_share) {
  const auto shown =
      to_picture(placement, {static_cast<double>(placement.source.top),
                             static_cast<double>(placement.source.left),
                             static_cast<double>(placement.source.height),
                             static_cast<double>(placement.source.width)});
  std::vector<AnnotatedObject> result;
  for (auto object : objects) {
    const auto whole = to_picture(placement, object.box);
    Box cut;
    cut.left = std::max(whole.left, shown.left);
    cut.top = std::max(whole.top, shown.top);
    cut.width =
        std::min(whole.left + whole.width, shown.left + shown.width) - cut.left;
    cut.height =
        std::min(whole.top + whole.height, shown.top + shown.height) - cut.top;
    if (cut.width <= 0 || cut.height <= 0) continue;
    const auto share = cut.width * cut.height / (whole.width * whole.height);
    if (share < min_share) continue;
    // Rounding alone cuts nothing.
    if (share < 1 - 1e-9) object.truncated = true;
    object.box = cut;
    result.push_back(object);
  }
  return result;
}

BoxDraw BoxTrainTransform::draw(ImageSize image, ImageSize size,
                                const DrawKey& key) const {
  check_field(kBoxTrain, jitter >= 0 && jitter < 0.5,
              "jitter must be 0 to less than 0.5", jitter);
  check_field(kBoxTrain, hue >= 0 && hue <= 0.5, "hue must be 0 to 0.5", hue);
  check_field(kBoxTrain, saturation >= 1, "saturation must be at least 1",
              saturation);
  check_field(kBoxTrain, exposure >= 1, "exposure must be at least 1",
              exposure);
  BoxDraw drawn;
  drawn.placement = stretch(image, size);
  CounterRandom random(key);
  const auto mirrors = random.below(2) == 1;
  if (flip && mirrors) drawn.placement.flip = Flip::kHorizontal;
  const auto x = draw_axis(image.width, size.width, jitter, random);
  const auto y = draw_axis(image.height, size.height, jitter, random);
  drawn.placement.source = {y.from, x.from, y.length, x.length};
  drawn.placement.target = {y.to, x.to, y.placed_length, x.placed_length};
  drawn.color.hue = hue * (2 * random.uniform() - 1);
  drawn.color.saturation = draw_factor(saturation, random);
  drawn.color.exposure = draw_factor(exposure, random);
  return drawn;
}

AnnotatedPicture BoxTrainTransform::read(const AnnotatedImage& image,
                                         ImageSize size,
                                         const DrawKey& key) const {
  const ImageFile file(image.path, ExifOrientation::kIgnored);
  const auto found = file.size();
  check_stated_size(kBoxTrain, image.size, found, image.path);
  const auto [placement, color] = draw(found, size, key);
  AnnotatedPicture picture = {
      place(file, placement), placement,
      place_objects(image.objects, placement, min_share)};
  change_color(picture.image.pixels.data(), size, color);
  return picture;
}

Placement BoxEvalTransform::placement(ImageSize image, ImageSize size) const {
  return fit == Fit::kStretch ? stretch(image, size) : letterbox(image, size);
}

AnnotatedPicture BoxEvalTransform::read(const std::string& path,
                                        ImageSize size) const {
  const ImageFile file(path, ExifOrientation::kIgnored);
  const auto where = placement(file.size(), size);
  return {place(file, where), where, {}};
}

std::int64_t MultiScale::side(std::uint64_t seed, std::int64_t epoch,
                              std::int64_t batch) const {
  const bool is_valid = min_side > 0 && max_side >= min_side && step > 0 &&
                        batches > 0 && batch >= 0;
  if (!is_valid) {
    throw_argument_error(
        "MultiScale",
        "sides, step and batches must be positive and max_side at least "
        "min_side",
        joined({min_side, max_side, step, batches}, ", "));
  }
  CounterRandom random({splitmix(seed ^ kSideStream), epoch, batch / batches});
  return min_side + step * random.below((max_side - min_side) / step + 1);
}

}  // namespace expandnet::data
