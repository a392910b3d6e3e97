// mask_set.h: images with a mask each, and the classes of the masks' indices.
#pragma once

#include <expandnet/base/export.h>
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
  std::string mask;  ///< path of the mask
  std::string name;  ///< file name of the image without extension
  /// Size of both files; 0 x 0 if sizes were not compared.
  ImageSize size = {};
};

/// Images and masks that have not been read yet.
struct MaskSet {
  std::vector<std::string> classes;
  IndexLabels labels;  ///< of the indices in the masks
  std::vector<MaskedImage> images;
  /// Number of skipped faults for each rule, such as "an image must have its
  /// mask". Empty if faults stop the reader.
  std::map<std::string, std::int64_t> skipped = {};
  /// The first skipped fault of each rule: `"images/3.jpg"`.
  std::map<std::string, std::string> first_skipped = {};
};

struct MaskOptions {
  Faults faults = Faults::kStop;
  /// Whether to compare the sizes of every image and its mask, which reads both
  /// files. The existence of the files is always checked.
  bool check_sizes = true;
};

/// Number of pixels of each class in a set.
struct ClassPixels {
  std::vector<std::int64_t> pixels;
  /// For each class, the number of pixels in all images that show it, without
  /// ignored pixels; for `median_frequency_weights`.
  std::vector<std::int64_t> image_pixels;
  std::int64_t ignored = 0;
};

/// Reads all masks, and so finds every index without a class. Throws as
/// `read_labels` does, or leaves masks with faults out.
[[nodiscard]] EXPANDNET_API ClassPixels
count_pixels(const MaskSet& set, Faults faults = Faults::kStop);

}  // namespace expandnet::data
