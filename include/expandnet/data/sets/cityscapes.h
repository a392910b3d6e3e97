// cityscapes.h: streets of Cityscapes, with the class of every pixel.
#pragma once

#include <expandnet/data/sets/mask_set.h>

#include <string>
#include <vector>

namespace expandnet::data {

/// The nineteen classes that are trained and evaluated, by their trainIds.
[[nodiscard]] const std::vector<std::string>& cityscapes_classes();

/// Reads the images of `split` ("train", "val") in the folders
///
///     <root>/leftImg8bit/<split>/<city>/<name>_leftImg8bit.png
///     <root>/gtFine/<split>/<city>/<name>_gtFine_labelIds.png
///
/// sorted by city and name. Of the 34 indices of a mask, the 15 that are not
/// evaluated are ignored, and so is 255; other files are not looked at.
///
/// A fault is a city in one of the folders only, an image or a mask without
/// the other, a file of another size than the other, and one that cannot be
/// read.
///
/// Throws `std::runtime_error` for a fault unless these are skipped, for a
/// folder that cannot be listed, and where no image is left.
///
///     const auto training = read_cityscapes("cityscapes", "train");
[[nodiscard]] MaskSet read_cityscapes(const std::string& root,
                                      const std::string& split,
                                      const MaskOptions& options = {});

}  // namespace expandnet::data
