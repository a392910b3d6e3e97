// mask_sets.h: images with masks, found in a folder by the names of their
// lists.
#pragma once

#include <expandnet/data/sets/annotation_options.h>
#include <expandnet/data/sets/mask_set.h>

#include <string>

#include "command_line/named.h"
#include "trainers/annotated/lists.h"

namespace expandnet::examples {

/// How images and masks lie in a folder.
enum class MaskDataset {
  kAuto,        ///< as the folder looks
  kCityscapes,  ///< leftImg8bit/NAME and gtFine/NAME
  kVoc,         ///< VOC's devkit, or the folder of one year
  kFolder,      ///< NAME/images, NAME/masks and classes.txt
};

inline constexpr Named<MaskDataset> kMaskDatasets[] = {
    {MaskDataset::kAuto, "auto"},
    {MaskDataset::kCityscapes, "cityscapes"},
    {MaskDataset::kVoc, "voc"},
    {MaskDataset::kFolder, "folder"}};

/// Those that are named, else those usual for what is in the folder: train and
/// val of Cityscapes and of VOC2012, whose val is tested on; of another folder
/// train, val and test, or val to test on where there is no test.
[[nodiscard]] ListChoice choose_mask_lists(MaskDataset dataset,
                                           const std::string& folder,
                                           const ListChoice& named);

/// Finds the images and masks of all lists, one after another. A classes.txt in
/// the folder of VOC, or in those of all years that are read, names the classes
/// in place of its own. Throws as the readers of the data set do, and
/// `c10::Error` for a year that is not there and for years whose classes.txt
/// differ.
[[nodiscard]] data::MaskSet read_masks(MaskDataset dataset,
                                       const std::string& folder,
                                       const Lists& lists, data::Faults faults);

}  // namespace expandnet::examples
