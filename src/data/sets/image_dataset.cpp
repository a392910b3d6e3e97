#include <c10/util/Exception.h>
#include <expandnet/data/sets/image_dataset.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/error.h"

namespace expandnet::data {

ImageDataset::ImageDataset(ImageSet set) : set_(std::move(set)) {}

torch::data::Example<> ImageDataset::get(std::size_t index) {
  const auto count = static_cast<std::size_t>(set_.labels.size(0));
  TORCH_CHECK(index < count,
              error_message("ImageDataset",
                            "index must be below " + std::to_string(count),
                            std::to_string(index), "ask size() first"));
  const auto i = static_cast<std::int64_t>(index);
  return {set_.images[i].to(torch::kFloat).div_(255), set_.labels[i]};
}

std::optional<std::size_t> ImageDataset::size() const {
  return static_cast<std::size_t>(set_.labels.size(0));
}

}  // namespace expandnet::data
