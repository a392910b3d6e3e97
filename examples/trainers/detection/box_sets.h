// box_sets.h: images with boxes, found in a folder by the names of their lists.
#pragma once

#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <cstdint>
#include <string>
#include <vector>

#include "command_line/named.h"
#include "trainers/annotated/lists.h"

namespace expandnet::examples {

/// How images and boxes lie in a folder.
enum class BoxDataset {
  kVoc,     ///< VOC's devkit, or the folder of one year
  kCoco,    ///< annotations/instances_NAME.json, images in NAME
  kFolder,  ///< images and VOC's XML in NAME, or in NAME/images and
            ///< NAME/annotations
};

inline constexpr Named<BoxDataset> kBoxDatasets[] = {
    {BoxDataset::kVoc, "voc"},
    {BoxDataset::kCoco, "coco"},
    {BoxDataset::kFolder, "folder"}};

/// Those that are named, else those usual for what is in the folder: VOC's
/// trainval of 2007 and 2012 and test of 2007; train, val and test of a folder
/// of one year; train2017 and val2017 of COCO. Validation and test may be none.
[[nodiscard]] ListChoice choose_box_lists(BoxDataset dataset,
                                          const std::string& folder,
                                          const ListChoice& named);

/// Reads the annotations of all lists, one after another. Throws as the readers
/// of the data set do, and `c10::Error` for a year that is not there.
[[nodiscard]] data::AnnotatedSet read_boxes(
    BoxDataset dataset, const std::string& folder, const Lists& lists,
    const data::AnnotationOptions& options);

/// Gives sets that were read by themselves the classes of all: in the order of
/// the first if that has all of them, else sorted by bytes.
void unite_classes(const std::vector<data::AnnotatedSet*>& sets);

}  // namespace expandnet::examples
