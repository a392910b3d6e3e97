// image_sizes.h: sizes of images, compared and in words.
#pragma once

#include <expandnet/data/images/image.h>

#include <string>

namespace expandnet::data {

inline constexpr const char* kMaskSizeRule =
    "a mask must have the size of its image";
inline constexpr const char* kMaskSizeRemedy = "correct one or remove both";

[[nodiscard]] bool have_same_size(ImageSize a, ImageSize b);

/// Width and height: "640 x 480".
[[nodiscard]] std::string size_in_words(ImageSize size);

/// `40 x 30 in "a.png", and 30 x 40 in "a.jpg"`
[[nodiscard]] std::string two_sizes_in_words(ImageSize a,
                                             const std::string& a_path,
                                             ImageSize b,
                                             const std::string& b_path);

/// What to do about a stated size that is not `found`. Says what pixels count
/// where the sides are swapped, as a turned photograph has them.
[[nodiscard]] std::string stated_size_remedy(ImageSize stated, ImageSize found);

/// Throws `std::runtime_error`, which `where` begins, unless the image at
/// `path` has the size that its annotation states.
void check_stated_size(const std::string& where, ImageSize stated,
                       ImageSize found, const std::string& path);

}  // namespace expandnet::data
