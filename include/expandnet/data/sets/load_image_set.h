// load_image_set.h: loads data sets that fit into memory.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/image_set.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

enum class Split { kTrain, kTest };

/// Loads data_batch_1.bin to data_batch_5.bin, or test_batch.bin, from
/// `folder`/cifar-10-batches-bin or from `folder` itself: [N, 3, 32, 32].
///
/// This function and the loaders below throw `std::runtime_error` if files are
/// missing, naming them and the folders that were searched; if a file is
/// truncated or holds something else; and if a label is out of range.
///
///     const auto training = load_cifar10("data", Split::kTrain);
[[nodiscard]] EXPANDNET_API ImageSet load_cifar10(const std::string& folder,
                                                  Split split);

/// Loads train.bin or test.bin from `folder`/cifar-100-binary or from `folder`
/// itself: [N, 3, 32, 32]. The labels are the fine labels.
[[nodiscard]] EXPANDNET_API ImageSet load_cifar100(const std::string& folder,
                                                   Split split);

/// Loads train-images-idx3-ubyte and train-labels-idx1-ubyte, or the files that
/// start with t10k, plain or with .gz, from `folder` or
/// `folder`/FashionMNIST/raw: [N, 1, 28, 28].
[[nodiscard]] EXPANDNET_API ImageSet
load_fashion_mnist(const std::string& folder, Split split);

/// Loads MNIST in the same way, from `folder` or `folder`/MNIST/raw.
[[nodiscard]] EXPANDNET_API ImageSet load_mnist(const std::string& folder,
                                                Split split);

/// The names that `load_image_set` accepts: those of `ImageSet::name`.
[[nodiscard]] EXPANDNET_API const std::vector<std::string>& image_set_names();

/// Loads the set with this name. Throws `c10::Error` for an unknown name, and
/// as the loaders do.
[[nodiscard]] EXPANDNET_API ImageSet load_image_set(const std::string& name,
                                                    const std::string& folder,
                                                    Split split);

/// Number of classes of the set with this name. Throws `c10::Error` for an
/// unknown name.
[[nodiscard]] EXPANDNET_API std::int64_t class_count(const std::string& name);

/// Mean and standard deviation of the training pixels, from 0 to 1, one per
/// channel. A grey set has one value, which applies to all channels that
/// `as_rgb32` makes.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> stddev;
};

/// The published constants of the set with this name; those of CIFAR are the
/// paper's. Throws `c10::Error` for an unknown name.
[[nodiscard]] EXPANDNET_API ChannelStatistics
channel_statistics(const std::string& name);

}  // namespace expandnet::data
