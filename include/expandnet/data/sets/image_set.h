// image_set.h: labelled images in memory.
#pragma once

#include <expandnet/base/export.h>
#include <torch/types.h>

#include <cstdint>
#include <string>

namespace expandnet::data {

/// Images of one size, each with one class.
struct ImageSet {
  torch::Tensor images;      ///< uint8 [N, C, H, W]
  torch::Tensor labels;      ///< int64 [N], 0 to classes - 1
  std::int64_t classes = 0;  ///< number of possible classes, also absent ones
  std::string name;  ///< "cifar10", "cifar100", "fashion-mnist", "mnist"
};

/// Converts grey 28x28 images to 3x32x32: adds two black pixels on each side
/// and repeats the channel three times. Returns images of 3x32x32 unchanged,
/// with shared storage. Throws `c10::Error` for other sizes.
[[nodiscard]] EXPANDNET_API ImageSet as_rgb32(const ImageSet& set);

struct TrainingAndValidation {
  ImageSet training;
  ImageSet validation;
};

/// Draws `validation_count` images at random by `seed`; the result is the same
/// on every machine, whatever the state of LibTorch's generators. Every image
/// is in one of the two sets, which keep the order of `set` and copy its
/// images.
///
/// Stratified: validation gets its share of each class, rounded so that the sum
/// is `validation_count`.
///
/// Throws `c10::Error` unless 0 <= validation_count < N.
[[nodiscard]] EXPANDNET_API TrainingAndValidation
split(const ImageSet& set, std::int64_t validation_count, std::uint64_t seed);

}  // namespace expandnet::data
