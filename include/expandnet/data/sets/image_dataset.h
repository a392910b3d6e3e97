// image_dataset.h: an ImageSet for LibTorch's data loaders.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/image_set.h>
#include <torch/data/datasets/base.h>
#include <torch/data/example.h>

#include <cstddef>
#include <optional>

namespace expandnet::data {

/// Examples of an image, float [C, H, W] from 0 to 1, and its label, int64 [].
///
///     auto loader = torch::data::make_data_loader(
///         ImageDataset(load_cifar10("data", Split::kTrain))
///             .map(torch::data::transforms::Normalize<>(mean, stddev))
///             .map(torch::data::transforms::Stack<>()),
///         /*batch_size=*/128);
class EXPANDNET_API ImageDataset
    : public torch::data::datasets::Dataset<ImageDataset> {
 public:
  /// Shares the storage of `set`.
  explicit ImageDataset(ImageSet set);

  /// Throws `c10::Error` unless index < size.
  torch::data::Example<> get(std::size_t index) override;
  [[nodiscard]] std::optional<std::size_t> size() const override;

  [[nodiscard]] const ImageSet& set() const { return set_; }

 private:
  ImageSet set_;
};

}  // namespace expandnet::data
