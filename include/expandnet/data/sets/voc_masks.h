// voc_masks.h: reads images of PASCAL VOC with a class for every pixel.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/mask_set.h>
#include <expandnet/data/sets/voc.h>

#include <string>
#include <vector>

namespace expandnet::data {

/// "background", then `voc_classes()`.
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& voc_mask_classes();

/// Returns the folders of years with masks in `root`, as `voc_folders` does for
/// years with boxes. A year has ImageSets/Segmentation, JPEGImages and
/// SegmentationClass; it needs no Annotations.
[[nodiscard]] EXPANDNET_API std::vector<std::string> voc_mask_folders(
    const std::string& root);

/// Reads the images of all parts in turn; their lists are
/// `ImageSets/Segmentation/<list>.txt`. Each line of a list is a name; its
/// image is `JPEGImages/<name>` with an extension of JPEG or PNG, its mask
/// `SegmentationClass/<name>.png`. Index 255, which marks the edges of objects,
/// is ignored.
///
/// Faults are: an image or a mask that is missing or cannot be read, and an
/// image and a mask of different sizes.
///
/// Throws `std::runtime_error` for a fault unless faults are skipped, for a
/// list that cannot be read or names an image twice, and if no image is left;
/// `c10::Error` if there is no part.
///
///     const auto set = read_voc_masks({{"VOCdevkit/VOC2012", "train"}});
[[nodiscard]] EXPANDNET_API MaskSet read_voc_masks(
    const std::vector<VocPart>& parts, const MaskOptions& options = {});

}  // namespace expandnet::data
