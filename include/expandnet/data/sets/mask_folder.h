// mask_folder.h: reads a folder of images and a folder of their masks.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/mask_set.h>

#include <string>

namespace expandnet::data {

/// Reads two folders; the image `<name>.jpg` or `<name>.png` belongs to the
/// mask `<name>.png`. Images are sorted by name.
///
/// The file `classes` names the classes, in the format of `read_mask_classes`.
///
/// Faults are: an image or a mask without the other; an image and a mask of
/// different sizes; and a file that cannot be read.
///
/// Throws `std::runtime_error` for a fault unless faults are skipped, for two
/// images or masks with one name, for a folder that cannot be read, and if no
/// image is left; and as `read_mask_classes` does.
///
///     const auto set = read_mask_folder("images", "masks", "classes.txt");
[[nodiscard]] EXPANDNET_API MaskSet
read_mask_folder(const std::string& images, const std::string& masks,
                 const std::string& classes, const MaskOptions& options = {});

}  // namespace expandnet::data
