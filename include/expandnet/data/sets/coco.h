// coco.h: images with boxes as COCO has them.
#pragma once

#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <string>

namespace expandnet::data {

/// Reads `instances`, a file like instances_train2017.json, whose images are
/// below the folder `images`. Labels are the places of the categories by their
/// ids, which may have gaps, or those of `options.classes` by their names.
/// Images keep the order of the file; those without objects are kept.
///
/// A fault is an element without what it must have, or with a value of another
/// type; an annotation of an unknown image or category; an image that is
/// missing or of another size; images or categories that share an id, which are
/// all left out; a box without an area, or more than one pixel outside the
/// image: what is less outside is cut off. Messages name the id. Sizes and
/// boxes are those of the pixels as they are stored, whatever orientation EXIF
/// states.
///
/// Throws `std::runtime_error` for a fault unless these are skipped, for a file
/// that cannot be read or is no JSON, without categories or images, and where
/// no image is left.
///
///     const auto set = read_coco("annotations/instances_val2017.json",
///                                "val2017");
[[nodiscard]] AnnotatedSet read_coco(const std::string& instances,
                                     const std::string& images,
                                     const AnnotationOptions& options = {});

}  // namespace expandnet::data
