// voc_masks.h: images of PASCAL VOC, with the class of every pixel.
#pragma once

#include <expandnet/data/sets/mask_set.h>
#include <expandnet/data/sets/voc.h>

#include <string>
#include <vector>

namespace expandnet::data {

/// "background", then `voc_classes()`.
[[nodiscard]] const std::vector<std::string>& voc_mask_classes();

/// Reads the images of all parts, one after another, whose lists are
/// `ImageSets/Segmentation/<list>.txt`. A line of a list is a name; its image
/// is `JPEGImages/<name>` with an ending of JPEG or PNG, its mask
/// `SegmentationClass/<name>.png`. The index 255, the edges of objects, is
/// ignored.
///
/// A fault is an image or a mask that is missing, of another size than the
/// other, or cannot be read.
///
/// Throws `std::runtime_error` for a fault unless these are skipped, for a list
/// that cannot be read or names an image twice, and where no image is left;
/// `c10::Error` where there is no part.
///
///     const auto set = read_voc_masks({{"VOCdevkit/VOC2012", "train"}});
[[nodiscard]] MaskSet read_voc_masks(const std::vector<VocPart>& parts,
                                     const MaskOptions& options = {});

}  // namespace expandnet::data
