// cityscapes.h: Cityscapes' street images with a class for every pixel.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/mask_set.h>

#include <string>
#include <vector>

namespace expandnet::data {

/// The nineteen classes used for training and evaluation, by their trainIds.
[[nodiscard]] EXPANDNET_API const std::vector<std::string>&
cityscapes_classes();

/// Reads the images of `split` ("train", "val") from the files
///
///     <root>/leftImg8bit/<split>/<city>/<name>_leftImg8bit.png
///     <root>/gtFine/<split>/<city>/<name>_gtFine_labelIds.png
///
/// sorted by city and name. Of the 34 indices of a mask, the 15 that are not
/// evaluated are ignored, and so is 255; other files are not read.
///
/// Faults are: a city in only one of the folders; an image or a mask without
/// the other; an image and a mask of different sizes; and a file that cannot be
/// read.
///
/// Throws `std::runtime_error` for a fault unless faults are skipped, for a
/// folder that cannot be listed, and if no image is left.
///
///     const auto training = read_cityscapes("cityscapes", "train");
[[nodiscard]] EXPANDNET_API MaskSet
read_cityscapes(const std::string& root, const std::string& split,
                const MaskOptions& options = {});

}  // namespace expandnet::data
