#include <expandnet/data/images/label_image.h>

#include <cstddef>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

LabelImage read_labels(const std::string& path, const IndexLabels& labels) {
  const auto mask = read_mask(path);
  LabelImage image = {mask.height, mask.width, {}};
  image.labels.reserve(mask.indices.size());
  for (const auto index : mask.indices) {
    const auto label = index < labels.size() ? labels[index] : std::int16_t{-1};
    if (label < 0) {
      const auto place = static_cast<std::int64_t>(image.labels.size());
      throw_file_error("read_labels", "an index of a mask must have a class",
                       std::to_string(index) + " at column " +
                           std::to_string(place % mask.width) + ", row " +
                           std::to_string(place / mask.width) + " of " +
                           in_quotes(path),
                       "correct the mask or give the class");
    }
    image.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return image;
}

}  // namespace expandnet::data
