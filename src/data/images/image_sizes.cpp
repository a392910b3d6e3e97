#include "data/images/image_sizes.h"

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

bool have_same_size(ImageSize a, ImageSize b) {
  return a.height == b.height && a.width == b.width;
}

std::string size_in_words(ImageSize size) {
  return std::to_string(size.width) + " x " + std::to_string(size.height);
}

std::string two_sizes_in_words(ImageSize a, const std::string& a_path,
                               ImageSize b, const std::string& b_path) {
  return size_in_words(a) + " in " + in_quotes(a_path) + ", and " +
         size_in_words(b) + " in " + in_quotes(b_path);
}

std::string stated_size_remedy(ImageSize stated, ImageSize found) {
  std::string remedy = "correct the annotation";
  if (!have_same_size(stated, {found.width, found.height})) return remedy;
  return remedy +
         ", which counts in pixels as they are stored, before an EXIF "
         "orientation turns them";
}

void check_stated_size(const std::string& where, ImageSize stated,
                       ImageSize found, const std::string& path) {
  if (have_same_size(stated, found)) return;
  throw_file_error(where,
                   "an image must have the size that its annotation states (" +
                       size_in_words(stated) + ")",
                   size_in_words(found) + " in " + in_quotes(path),
                   stated_size_remedy(stated, found));
}

}  // namespace expandnet::data
