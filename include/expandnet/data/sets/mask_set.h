// mask_set.h: images with a mask each, and what its indices stand for.
#pragma once

#include <expandnet/data/images/image.h>
#include <expandnet/data/images/label_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace expandnet::data {

struct MaskedImage {
  std::string path;
  std::string mask;  ///< its path
  std::string name;  ///< the file's, without its ending
  /// Of both files; 0 x 0 where sizes were not compared.
  ImageSize size = {};
};

/// Images and masks that are not read yet.
struct MaskSet {
  std::vector<std::string> classes;
  IndexLabels labels;  ///< of the indices in the masks
  std::vector<MaskedImage> images;
  /// How often something was skipped, by its rule: "an image must have its
  /// mask". Empty where errors stop the reader.
  std::map<std::string, std::int64_t> skipped = {};
  /// What the first of each rule was: `"images/3.jpg"`.
  std::map<std::string, std::string> first_skipped = {};
};

struct MaskOptions {
  Faults faults = Faults::kStop;
  /// Whether the sizes of every image and its mask are compared, which takes a
  /// read of both files. Whether these are there is always looked at.
  bool check_sizes = true;
};

/// How many pixels of a set have which class.
struct ClassPixels {
  std::vector<std::int64_t> pixels;
  /// All pixels of the images that show the class, without ignored ones; for
  /// `median_frequency_weights`.
  std::vector<std::int64_t> image_pixels;
  std::int64_t ignored = 0;
};

/// Reads all masks, and so finds every index without a class. Throws as
/// `read_labels` does, or leaves masks with faults out.
[[nodiscard]] ClassPixels count_pixels(const MaskSet& set,
                                       Faults faults = Faults::kStop);

}  // namespace expandnet::data
