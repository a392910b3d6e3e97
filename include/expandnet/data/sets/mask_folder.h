// mask_folder.h: a folder of images and one of masks.
#pragma once

#include <expandnet/data/sets/mask_set.h>

#include <string>

namespace expandnet::data {

/// Reads two folders, in which the image `<name>.jpg` or `<name>.png` and the
/// mask `<name>.png` belong together. Images keep the order of their names.
///
/// Each line of the file `classes` names a class: that of the index 0 first,
/// or, if all lines start with a number, that of this index. Lines of the same
/// name make one class of several indices. Pixels of the index 255, unless the
/// file names it, and of a class "ignored" are ignored; other indices that no
/// line has are errors where a mask is read.
///
/// A fault is an image or a mask without the other, of another size than the
/// other, or one that cannot be read.
///
/// Throws `std::runtime_error` for a fault unless these are skipped, for a
/// folder or file that cannot be read, a line that is wrong, and where no image
/// is left.
///
///     const auto set = read_mask_folder("images", "masks", "classes.txt");
[[nodiscard]] MaskSet read_mask_folder(const std::string& images,
                                       const std::string& masks,
                                       const std::string& classes,
                                       const MaskOptions& options = {});

}  // namespace expandnet::data
