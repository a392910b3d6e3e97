#include <expandnet/data/sets/load_image_set.h>

#include "tools/scenes/voc_writer.h"

namespace expandnet::examples {

ObjectPictures load_pictures(const std::string& folder, bool training) {
  const auto set = data::load_fashion_mnist(
      folder, training ? data::Split::kTrain : data::Split::kTest);
  const auto images = set.images.contiguous();
  const auto labels = set.labels.contiguous();
  const auto* pixels = images.const_data_ptr<std::uint8_t>();
  const auto* label = labels.const_data_ptr<std::int64_t>();
  return {{pixels, pixels + images.numel()}, {label, label + labels.numel()}};
}

}  // namespace expandnet::examples
