// voc.h: reads images with boxes in PASCAL VOC's format.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/annotated_image.h>
#include <expandnet/data/sets/annotation_options.h>

#include <string>
#include <vector>

namespace expandnet::data {

/// The twenty classes of VOC2007 and later, in their order.
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& voc_classes();

/// A list of images of one year: `folder` contains Annotations, ImageSets/Main
/// and JPEGImages; the list is `ImageSets/Main/<list>.txt`.
struct VocPart {
  std::string folder;
  std::string list;
};

/// Returns the folders of years with boxes in `root`: `root` itself, or VOC2007
/// and similar folders in it or in its subfolder VOCdevkit, sorted. A year has
/// Annotations.
///
/// Throws `std::runtime_error`, with the searched folders, if there is none.
///
///     for (const auto& year : voc_folders("data")) {
///       parts.push_back({year, "trainval"});
///     }
[[nodiscard]] EXPANDNET_API std::vector<std::string> voc_folders(
    const std::string& root);

/// Reads the annotations of all parts in turn. Each line of a list is a name;
/// its image is `JPEGImages/<name>` with an extension of JPEG or PNG, its
/// annotation `Annotations/<name>.xml`. Images without objects are kept.
///
/// Faults are: an annotation that is missing, is not XML, or lacks a required
/// element; a value that is not a number or a boolean; an image that is missing
/// or of another size; an unknown class; and a box without an area, or more
/// than one pixel outside the image. A box that is at most one pixel outside is
/// clipped. Sizes and boxes are in pixels as they are stored: EXIF orientation
/// is ignored.
///
/// Throws `std::runtime_error` for a fault unless faults are skipped, for a
/// list that cannot be read, is empty or names an image twice, for two images
/// with one name, and if no image is left; `c10::Error` if there is no part,
/// and if the library was built without expat.
///
///     const auto set = read_voc({{"VOCdevkit/VOC2007", "trainval"},
///                                {"VOCdevkit/VOC2012", "trainval"}},
///                               {voc_classes()});
[[nodiscard]] EXPANDNET_API AnnotatedSet read_voc(
    const std::vector<VocPart>& parts, const AnnotationOptions& options = {});

/// Reads a folder of images and one of annotations in VOC's format, which may
/// be the same folder. `<name>.xml` belongs to the image `<name>` with any
/// extension. Images are sorted by name. A file without its counterpart is a
/// fault.
///
/// Throws as `read_voc` does.
[[nodiscard]] EXPANDNET_API AnnotatedSet
read_voc_folder(const std::string& images, const std::string& annotations,
                const AnnotationOptions& options = {});

}  // namespace expandnet::data
