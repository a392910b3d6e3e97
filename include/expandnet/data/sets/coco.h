// coco.h: reads images with boxes in COCO's format.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <string>

namespace expandnet::data {

/// Reads `instances`, a file such as instances_train2017.json, whose images are
/// in the folder `images` or below. Labels number the categories in the order
/// of their ids, which may have gaps, or, if given, are those of
/// `options.classes` by name. Images keep the order of the file; images without
/// objects are kept.
///
/// Faults are: an element that lacks a required field or has a value of another
/// type; an annotation of an unknown image or category; an image that is
/// missing or of another size; images or categories that share an id, which are
/// all left out; and a box without an area, or more than one pixel outside the
/// image. A box that is at most one pixel outside is clipped. Messages name the
/// id. Sizes and boxes are in pixels as they are stored: EXIF orientation is
/// ignored.
///
/// Throws `std::runtime_error` for a fault unless faults are skipped; for a
/// file that cannot be read, is not JSON, or has no categories or images; and
/// if no image is left.
///
///     const auto set = read_coco("annotations/instances_val2017.json",
///                                "val2017");
[[nodiscard]] EXPANDNET_API AnnotatedSet
read_coco(const std::string& instances, const std::string& images,
          const AnnotationOptions& options = {});

}  // namespace expandnet::data
