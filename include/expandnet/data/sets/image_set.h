// image_set.h: labelled images in memory, and the data sets that come so.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Images of one size, each of one class.
struct ImageSet {
  torch::Tensor images;      ///< uint8 [N, C, H, W]
  torch::Tensor labels;      ///< int64 [N], 0 to classes - 1
  std::int64_t classes = 0;  ///< that a label may name, not those present
  std::string name;  ///< "cifar10", "cifar100", "fashion-mnist", "mnist"
};

enum class Split { kTrain, kTest };

/// Loads data_batch_1.bin to data_batch_5.bin, or test_batch.bin, from
/// `folder`/cifar-10-batches-bin or from `folder` itself: [N, 3, 32, 32].
///
/// This and the loaders below throw `std::runtime_error`: when files are
/// missing, naming them and where they were looked for; when a file is not
/// whole or holds something else; when a label is out of range.
///
///     const auto training = load_cifar10("data", Split::kTrain);
[[nodiscard]] ImageSet load_cifar10(const std::string& folder, Split split);

/// Loads train.bin or test.bin from `folder`/cifar-100-binary or from `folder`
/// itself: [N, 3, 32, 32]. The labels are the fine ones.
[[nodiscard]] ImageSet load_cifar100(const std::string& folder, Split split);

/// Loads train-images-idx3-ubyte and train-labels-idx1-ubyte, or those of t10k,
/// plain or with .gz, from `folder` or `folder`/FashionMNIST/raw:
/// [N, 1, 28, 28].
[[nodiscard]] ImageSet load_fashion_mnist(const std::string& folder,
                                          Split split);

/// The same for MNIST, from `folder` or `folder`/MNIST/raw.
[[nodiscard]] ImageSet load_mnist(const std::string& folder, Split split);

/// The names that `load_image_set` knows: those of `ImageSet::name`.
[[nodiscard]] const std::vector<std::string>& image_set_names();

/// Loads the set of that name. Throws `c10::Error` for an unknown name, and as
/// the loaders do.
[[nodiscard]] ImageSet load_image_set(const std::string& name,
                                      const std::string& folder, Split split);

/// The classes of the set of that name. Throws `c10::Error` for an unknown one.
[[nodiscard]] std::int64_t class_count(const std::string& name);

/// Mean and standard deviation of the training pixels, from 0 to 1, one for
/// each channel. A grey set has one of each, which serves all channels that
/// `as_rgb32` makes.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> deviation;
};

/// The published constants of the set of that name; those of CIFAR are the
/// paper's. Throws `c10::Error` for an unknown name.
[[nodiscard]] ChannelStatistics channel_statistics(const std::string& name);

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
