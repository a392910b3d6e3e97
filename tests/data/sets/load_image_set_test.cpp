// The loaders of image_set.h.
#include <ATen/Functions.h>
#include <expandnet/data/sets/load_image_set.h>

#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

class Load : public FilesTest {
 protected:
  /// Five batches of two images, and one of one for testing.
  void write_cifar10(const std::string& subfolder) const {
    for (int i = 1; i <= 5; ++i) {
      write(subfolder + "data_batch_" + std::to_string(i) + ".bin",
            cifar_record({i}, 10 * i) + cifar_record({i + 4}, 10 * i + 5));
    }
    write(subfolder + "test_batch.bin", cifar_record({3}, 200));
  }
  void write_idx(const std::string& labels, std::uint32_t side = 28) const {
    const auto count = static_cast<std::uint32_t>(labels.size());
    write("t10k-labels-idx1-ubyte", idx_file({count}, labels));
    write_gzip("t10k-images-idx3-ubyte.gz",
               idx_file({2, side, side}, std::string(2 * side * side, '\7')));
  }
  [[nodiscard]] std::string fashion_error() const {
    return message_of(
        [&] { static_cast<void>(load_fashion_mnist(folder_, Split::kTest)); });
  }
};

std::vector<std::int64_t> to_vector(const at::Tensor& tensor) {
  const auto* data = tensor.const_data_ptr<std::int64_t>();
  return {data, data + tensor.numel()};
}

TEST_F(Load, ReadsCifar10FromTheFolderOfItsArchiveOrItself) {
  write_cifar10("cifar-10-batches-bin/");
  for (const auto& folder : {folder_, path("cifar-10-batches-bin")}) {
    const auto training = load_cifar10(folder, Split::kTrain);
    const auto test = load_cifar10(folder, Split::kTest);

    EXPECT_EQ(training.name, "cifar10");
    EXPECT_EQ(training.classes, 10);
    EXPECT_EQ(training.images.scalar_type(), at::kByte);
    EXPECT_EQ(training.images.sizes(), (at::IntArrayRef{10, 3, 32, 32}));
    EXPECT_EQ(to_vector(training.labels),
              (std::vector<std::int64_t>{1, 5, 2, 6, 3, 7, 4, 8, 5, 9}));
    EXPECT_EQ(training.images[3].flatten()[1].item<int>(), 26);
    EXPECT_EQ(training.images[3][2][31][31].item<int>(), (25 + 3071) % 251);
    EXPECT_EQ(test.images.sizes(), (at::IntArrayRef{1, 3, 32, 32}));
    EXPECT_EQ(to_vector(test.labels), (std::vector<std::int64_t>{3}));
  }
}

TEST_F(Load, ReadsCifar100) {
  write("cifar-100-binary/train.bin", cifar_record({3, 42}, 0));
  write("cifar-100-binary/test.bin", cifar_record({4, 99}, 0));

  const auto training = load_cifar100(folder_, Split::kTrain);
  const auto test = load_image_set("cifar100", folder_, Split::kTest);

  EXPECT_EQ(training.name, "cifar100");
  EXPECT_EQ(training.classes, 100);
  EXPECT_EQ(to_vector(training.labels), (std::vector<std::int64_t>{42}));
  EXPECT_EQ(to_vector(test.labels), (std::vector<std::int64_t>{99}));
}

TEST_F(Load, NamesTheFilesItLookedForAndWhere) {
  EXPECT_EQ(
      message_of(
          [] { static_cast<void>(load_cifar10("nowhere", Split::kTest)); }),
      "load_cifar10: a folder must hold test_batch.bin, got no folder "
      "\"nowhere/cifar-10-batches-bin\" and no folder \"nowhere\"; build the "
      "target data-cifar10, or unpack "
      "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in "
      "\"nowhere\"");
  EXPECT_EQ(message_of([&] {
              static_cast<void>(load_cifar100(folder_, Split::kTrain));
            }),
            "load_cifar100: a folder must hold train.bin, got no folder \"" +
                path("cifar-100-binary") + "\" and \"" + folder_ +
                "\" without train.bin; build the target data-cifar100, or "
                "unpack "
                "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz in "
                "\"" +
                folder_ + "\"");

  write("data_batch_1.bin", "");
  write("data_batch_2.bin", "");
  write("data_batch_4.bin", "");
  EXPECT_EQ(
      message_of(
          [&] { static_cast<void>(load_cifar10(folder_, Split::kTrain)); }),
      "load_cifar10: a folder must hold data_batch_1.bin, data_batch_2.bin, "
      "data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, got no folder \"" +
          path("cifar-10-batches-bin") + "\" and \"" + folder_ +
          "\" without data_batch_3.bin, data_batch_5.bin; build the target "
          "data-cifar10, or unpack "
          "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz in \"" +
          folder_ + "\"");
  EXPECT_EQ(fashion_error(),
            "load_fashion_mnist: a folder must hold "
            "t10k-images-idx3-ubyte[.gz], t10k-labels-idx1-ubyte[.gz], got \"" +
                folder_ +
                "\" without t10k-images-idx3-ubyte[.gz], "
                "t10k-labels-idx1-ubyte[.gz] and no folder \"" +
                path("FashionMNIST/raw") +
                "\"; name the folder that holds them");
}

TEST_F(Load, ReadsIdxPlainOrGzipped) {
  write_idx("\x03\x09");

  const auto set = load_mnist(folder_, Split::kTest);

  EXPECT_EQ(set.name, "mnist");
  EXPECT_EQ(set.classes, 10);
  EXPECT_EQ(set.images.sizes(), (at::IntArrayRef{2, 1, 28, 28}));
  EXPECT_TRUE(set.images.eq(7).all().item<bool>());
  EXPECT_EQ(to_vector(set.labels), (std::vector<std::int64_t>{3, 9}));
}

TEST_F(Load, NamesIdxFilesThatDoNotFit) {
  const auto images = "\"" + path("t10k-images-idx3-ubyte.gz") + "\"";
  const auto labels = "\"" + path("t10k-labels-idx1-ubyte") + "\"";

  write_idx("\x03");
  EXPECT_EQ(fashion_error(),
            "load_fashion_mnist: each image needs a label, got 2 images in " +
                images + " and 1 labels in " + labels + "; fetch both again");
  write_idx("\x03\x0a");
  EXPECT_EQ(fashion_error(),
            "load_fashion_mnist: a label is at most 9, got 10 for image 1 in " +
                labels + "; fetch the file again");
  write_idx("\x03\x04", 27);
  EXPECT_EQ(fashion_error(),
            "load_fashion_mnist: images must be 28 x 28, got 27 x 27 in " +
                images + "; fetch the file again");
}

TEST(LoadSample, ReadsTheImagesBesideTheExamples) {
  for (const auto split : {Split::kTrain, Split::kTest}) {
    const std::int64_t count = split == Split::kTrain ? 5000 : 10000;
    const auto set =
        load_image_set("fashion-mnist", EXPANDNET_EXAMPLES "/data", split);

    EXPECT_EQ(set.images.sizes(), (at::IntArrayRef{count, 1, 28, 28}));
    EXPECT_EQ(to_vector(at::bincount(set.labels)),
              (std::vector<std::int64_t>(10, count / 10)));
    // The whole set's constants, near those of a part of it.
    const auto [mean, stddev] = channel_statistics(set.name);
    const auto pixels = set.images.to(at::kDouble).div(255);
    EXPECT_NEAR(pixels.mean().item<double>(), mean.at(0), 0.01);
    EXPECT_NEAR(pixels.std().item<double>(), stddev.at(0), 0.01);
  }
}

TEST(LoadByName, KnowsTheConstantsOfEachSet) {
  EXPECT_EQ(image_set_names(),
            (std::vector<std::string>{"cifar10", "cifar100", "fashion-mnist",
                                      "mnist"}));
  EXPECT_EQ(channel_statistics("cifar10").mean,
            (std::vector<double>{125.3 / 255, 123.0 / 255, 113.9 / 255}));
  EXPECT_EQ(channel_statistics("cifar100").stddev,
            (std::vector<double>{.2675, .2565, .2761}));
  EXPECT_EQ(channel_statistics("mnist").mean.size(), 1);
}

TEST(LoadByName, RefusesAnUnknownName) {
  EXPECT_EQ(testing::error_of([] {
              static_cast<void>(load_image_set("CIFAR", "", Split::kTest));
            }),
            "load_image_set: name must be one of cifar10, cifar100, "
            "fashion-mnist, mnist, got \"CIFAR\"; spell it so");
  EXPECT_EQ(
      testing::error_of([] { static_cast<void>(channel_statistics("CIFAR")); }),
      "channel_statistics: name must be one of cifar10, cifar100, "
      "fashion-mnist, mnist, got \"CIFAR\"; spell it so");
}

}  // namespace
}  // namespace expandnet::data
