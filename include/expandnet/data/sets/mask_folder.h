// mask_folder.h: a folder of images and one of masks.
#pragma once

#include <expandnet/data/sets/mask_set.h>

#include <string>

namespace expandnet::data {

/// Reads two folders, in which the image `<name>.jpg` or `<name>.png` and the
/// mask `<name>.png` belong together. Images keep the order of their names.
///
/// The file `classes` names the classes, as `read_mask_classes` takes it.
///
/// A fault is an image or a mask without the other, of another size than the
/// other, or one that cannot be read.
///
/// Throws `std::runtime_error` for a fault unless these are skipped, for two
/// images or masks of one name, for a folder that cannot be read, and where no
/// image is left; and as
/// `read_mask_classes` does.
///
///     const auto set = read_mask_folder("images", "masks", "classes.txt");
[[nodiscard]] MaskSet read_mask_folder(const std::string& images,
                                       const std::string& masks,
                                       const std::string& classes,
                                       const MaskOptions& options = {});

}  // namespace expandnet::data
