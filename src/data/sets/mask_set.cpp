#include <expandnet/data/images/image_file.h>
#include <expandnet/data/sets/mask_set.h>

#include <array>
#include <cstddef>
#include <stdexcept>

#include "base/text.h"
#include "data/images/image_sizes.h"
#include "data/sets/mask_pairs.h"

namespace expandnet::data {

namespace {

bool is_whole_pair(const MaskPair& pair, FaultCounter& faults) {
  if (pair.image.empty() && pair.mask.empty()) {
    faults.fault("a name in a list must have its image and its mask",
                 pair.place, "add both or remove the line");
  } else if (pair.image.empty()) {
    faults.fault("a mask must have its image", pair.place,
                 "add the image or remove the mask");
  } else if (pair.mask.empty()) {
    faults.fault("an image must have its mask", pair.place,
                 "add the mask or remove the image");
  }
  return !pair.image.empty() && !pair.mask.empty();
}

/// Sets `image` to the size that image and mask have.
bool have_one_size(const MaskPair& pair, ImageSize& image,
                   FaultCounter& faults) {
  ImageSize mask;
  const bool can_be_read = faults.try_read(
      "an image and its mask must be files that can be read", [&] {
        image = read_image_size(pair.image, ExifOrientation::kIgnored);
        mask = read_mask_size(pair.mask);
      });
  if (!can_be_read) return false;
  if (have_same_size(image, mask)) return true;
  faults.fault(kMaskSizeRule,
               two_sizes_in_words(mask, pair.mask, image, pair.image),
               kMaskSizeRemedy);
  return false;
}

}  // namespace

std::vector<MaskPair> mask_pairs(const NamedFiles& images,
                                 const NamedFiles& masks,
                                 const MaskPaths& expected) {
  std::vector<MaskPair> pairs;
  for (const auto& [name, image, mask] : pair_files(images, masks)) {
    const bool has_image = !image.empty();
    pairs.push_back({name, image, mask,
                     in_quotes(has_image ? image : mask) + ", no " +
                         in_quotes(has_image ? expected.mask(name)
                                             : expected.image(name))});
  }
  return pairs;
}

void add_mask_pairs(MaskSet& set, const std::vector<MaskPair>& pairs,
                    const MaskOptions& options, FaultCounter& faults) {
  for (const auto& pair : pairs) {
    if (!is_whole_pair(pair, faults)) continue;
    ImageSize size;
    if (options.check_sizes && !have_one_size(pair, size, faults)) continue;
    set.images.push_back({pair.image, pair.mask, pair.name, size});
  }
  set.skipped = faults.skipped();
  set.first_skipped = faults.first_skipped();
  check_not_empty(set.images.empty(), "an image with its mask", set.skipped,
                  faults.where());
}

ClassPixels count_pixels(const MaskSet& set, Faults faults) {
  ClassPixels result;
  result.pixels.resize(set.classes.size());
  result.image_pixels.resize(set.classes.size());
  for (const auto& masked : set.images) {
    std::array<std::int64_t, kIgnoredLabel + 1> counts = {};
    LabelImage image;
    try {
      image = read_labels(masked.mask, set.labels);
    } catch (const std::runtime_error&) {
      if (faults == Faults::kStop) throw;
      continue;
    }
    for (const auto label : image.labels) ++counts[label];
    result.ignored += counts[kIgnoredLabel];
    const auto counted =
        static_cast<std::int64_t>(image.labels.size()) - counts[kIgnoredLabel];
    for (std::size_t label = 0; label < set.classes.size(); ++label) {
      result.pixels[label] += counts[label];
      if (counts[label] > 0) result.image_pixels[label] += counted;
    }
  }
  return result;
}

}  // namespace expandnet::data
