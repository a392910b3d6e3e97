#include <ATen/Functions.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/cifar.h>
#include <expandnet/data/sets/idx.h>
#include <expandnet/data/sets/load_image_set.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/find_files.h"

namespace expandnet::data {

namespace {

constexpr std::int64_t kIdxImageSide = 28;
constexpr unsigned kIdxClasses = 10;

std::string subfolder(const std::string& folder, const std::string& name) {
  return (std::filesystem::path(folder) / name).string();
}

torch::Tensor to_tensor(std::vector<std::uint8_t>& bytes,
                        const std::vector<std::int64_t>& sizes) {
  return at::from_blob(bytes.data(), sizes, at::kByte).clone();
}

torch::Tensor to_labels(std::vector<std::uint8_t>& bytes) {
  return at::from_blob(bytes.data(), {static_cast<std::int64_t>(bytes.size())},
                       at::kByte)
      .to(at::kLong);
}

ImageSet load_cifar(Cifar kind, const FileQuery& query) {
  std::vector<torch::Tensor> images;
  std::vector<torch::Tensor> labels;
  for (const auto& path : find_files(query)) {
    auto records = read_cifar(path, kind);
    const auto count = static_cast<std::int64_t>(records.labels.size());
    images.push_back(to_tensor(records.pixels, {count, 3, 32, 32}));
    labels.push_back(to_labels(records.labels));
  }
  const bool ten = kind == Cifar::k10;
  return {at::cat(images), at::cat(labels), ten ? 10 : 100,
          ten ? "cifar10" : "cifar100"};
}

std::string cifar_remedy(const std::string& target, const std::string& archive,
                         const std::string& folder) {
  return "build the target " + target +
         ", or unpack https://www.cs.toronto.edu/~kriz/" + archive + " in " +
         in_quotes(folder);
}

/// MNIST and its successors.
ImageSet load_idx(const std::string& where, const std::string& name,
                  const std::string& folder, const std::string& torchvision,
                  Split split) {
  const std::string part = split == Split::kTrain ? "train" : "t10k";
  const auto paths =
      find_files({where,
                  {folder, subfolder(folder, torchvision)},
                  {part + "-images-idx3-ubyte", part + "-labels-idx1-ubyte"},
                  {"", ".gz"},
                  "name the folder that holds them"});
  auto images = read_idx(paths[0], 3);
  auto labels = read_idx(paths[1], 1);
  const std::string remedy = "fetch the file again";
  if (images.sizes[1] != kIdxImageSide || images.sizes[2] != kIdxImageSide) {
    throw_file_error(where, "images must be 28 x 28",
                     std::to_string(images.sizes[1]) + " x " +
                         std::to_string(images.sizes[2]) + " in " +
                         in_quotes(paths[0]),
                     remedy);
  }
  if (images.sizes[0] != labels.sizes[0]) {
    throw_file_error(where, "each image needs a label",
                     std::to_string(images.sizes[0]) + " images in " +
                         in_quotes(paths[0]) + " and " +
                         std::to_string(labels.sizes[0]) + " labels in " +
                         in_quotes(paths[1]),
                     "fetch both again");
  }
  for (std::size_t i = 0; i < labels.bytes.size(); ++i) {
    if (labels.bytes[i] >= kIdxClasses) {
      throw_file_error(where, "a label is at most 9",
                       std::to_string(labels.bytes[i]) + " for image " +
                           std::to_string(i) + " in " + in_quotes(paths[1]),
                       remedy);
    }
  }
  return {to_tensor(images.bytes,
                    {images.sizes[0], 1, kIdxImageSide, kIdxImageSide}),
          to_labels(labels.bytes), kIdxClasses, name};
}

struct KnownSet {
  ImageSet (*load)(const std::string&, Split);
  std::int64_t classes;
  ChannelStatistics statistics;
};

/// Its order is that of `image_set_names`.
const std::array<KnownSet, 4>& known_sets() {
  static const std::array<KnownSet, 4> all = {{
      {load_cifar10,
       10,
       {{125.3 / 255, 123.0 / 255, 113.9 / 255},
        {63.0 / 255, 62.1 / 255, 66.7 / 255}}},
      {load_cifar100, 100, {{.5071, .4867, .4408}, {.2675, .2565, .2761}}},
      {load_fashion_mnist, kIdxClasses, {{.2860}, {.3530}}},
      {load_mnist, kIdxClasses, {{.1307}, {.3081}}},
  }};
  return all;
}

const KnownSet& known_set(const std::string& where, const std::string& name) {
  const auto& names = image_set_names();
  const auto position = std::find(names.begin(), names.end(), name);
  TORCH_CHECK(
      position != names.end(),
      error_message(where, "name must be one of " + c10::Join(", ", names),
                    in_quotes(name), "spell it so"));
  return known_sets().at(static_cast<std::size_t>(position - names.begin()));
}

}  // namespace

ImageSet load_cifar10(const std::string& folder, Split split) {
  const std::vector<std::string> training = {
      "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
      "data_batch_4.bin", "data_batch_5.bin"};
  const std::vector<std::string> test = {"test_batch.bin"};
  return load_cifar(
      Cifar::k10,
      {"load_cifar10",
       {subfolder(folder, "cifar-10-batches-bin"), folder},
       split == Split::kTrain ? training : test,
       {""},
       cifar_remedy("data-cifar10", "cifar-10-binary.tar.gz", folder)});
}

ImageSet load_cifar100(const std::string& folder, Split split) {
  return load_cifar(
      Cifar::k100,
      {"load_cifar100",
       {subfolder(folder, "cifar-100-binary"), folder},
       {split == Split::kTrain ? "train.bin" : "test.bin"},
       {""},
       cifar_remedy("data-cifar100", "cifar-100-binary.tar.gz", folder)});
}

ImageSet load_fashion_mnist(const std::string& folder, Split split) {
  return load_idx("load_fashion_mnist", "fashion-mnist", folder,
                  "FashionMNIST/raw", split);
}

ImageSet load_mnist(const std::string& folder, Split split) {
  return load_idx("load_mnist", "mnist", folder, "MNIST/raw", split);
}

const std::vector<std::string>& image_set_names() {
  static const std::vector<std::string> names = {"cifar10", "cifar100",
                                                 "fashion-mnist", "mnist"};
  return names;
}

ImageSet load_image_set(const std::string& name, const std::string& folder,
                        Split split) {
  return known_set("load_image_set", name).load(folder, split);
}

std::int64_t class_count(const std::string& name) {
  return known_set("class_count", name).classes;
}

ChannelStatistics channel_statistics(const std::string& name) {
  return known_set("channel_statistics", name).statistics;
}

}  // namespace expandnet::data
