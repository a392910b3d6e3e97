#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <expandnet/data/sets/image_set.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/stratified.h"

namespace expandnet::data {

namespace {

ImageSet select_images(const ImageSet& set,
                       const std::vector<std::int64_t>& indices) {
  const auto index = at::tensor(indices, at::kLong).to(set.images.device());
  return {set.images.index_select(0, index),
          set.labels.index_select(0, index.to(set.labels.device())),
          set.classes, set.name};
}

}  // namespace

ImageSet as_rgb32(const ImageSet& set) {
  const auto sizes = set.images.sizes();
  const bool rgb = sizes.size() == 4 && sizes.slice(1).equals({3, 32, 32});
  if (rgb) return set;
  const bool grey = sizes.size() == 4 && sizes.slice(1).equals({1, 28, 28});
  TORCH_CHECK(grey,
              error_message("as_rgb32",
                            "images must be [N, 1, 28, 28] or [N, 3, 32, 32]",
                            expandnet::sizes(sizes), "resize them before"));
  auto result = set;
  result.images = at::constant_pad_nd(set.images, {2, 2, 2, 2})
                      .expand({-1, 3, -1, -1})
                      .contiguous();
  return result;
}

TrainingAndValidation split(const ImageSet& set, std::int64_t validation_count,
                            std::uint64_t seed) {
  const auto count = set.labels.size(0);
  TORCH_CHECK(
      validation_count >= 0 && validation_count < count,
      error_message(
          "split", "validation_count must be 0 to " + std::to_string(count - 1),
          std::to_string(validation_count), "leave images to train on"));

  const auto labels = set.labels.to(at::kCPU, at::kLong).contiguous();
  const auto* label = labels.const_data_ptr<std::int64_t>();
  const auto validation = draw_stratified("split", {label, label + count},
                                          set.classes, validation_count, seed);
  std::vector<std::int64_t> training;
  auto apart = validation.begin();
  for (std::int64_t i = 0; i < count; ++i) {
    if (apart != validation.end() && *apart == i) {
      ++apart;
    } else {
      training.push_back(i);
    }
  }
  return {select_images(set, training), select_images(set, validation)};
}

}  // namespace expandnet::data
