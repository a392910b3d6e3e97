// image_set.h: labelled images in memory.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace expandnet::data {

/// Images of one size, each of one class.
struct ImageSet {
  torch::Tensor images;      ///< uint8 [N, C, H, W]
  torch::Tensor labels;      ///< int64 [N], 0 to classes - 1
  std::int64_t classes = 0;  ///< that a label may name, not those present
  std::string name;  ///< "cifar10", "cifar100", "fashion-mnist", "mnist"
};

/// Shows grey 28x28 images as 3x32x32: two black pixels on each side, the
/// channel three times. Images of 3x32x32 are returned as they are, sharing
/// storage. Throws `c10::Error` for other sizes.
[[nodiscard]] ImageSet as_rgb32(const ImageSet& set);

struct TrainingAndValidation {
  ImageSet training;
  ImageSet validation;
};

/// Sets `validation_count` images apart, drawn at random by `seed`: the same on
/// every machine, whatever the state of LibTorch's generators. Every image goes
/// into one of the two, which keep the order of `set` and copy its images.
///
/// Stratified: of each class validation gets its share, rounded so that the
/// sum is `validation_count`.
///
/// Throws `c10::Error` unless 0 <= validation_count < N.
[[nodiscard]] TrainingAndValidation split(const ImageSet& set,
                                          std::int64_t validation_count,
                                          std::uint64_t seed);

}  // namespace expandnet::data
