#include <expandnet/data/sets/cifar.h>

#include <cstdint>
#include <filesystem>

#include "data/sets/files.h"

namespace expandnet::data {
namespace {

class CifarFile : public FilesTest {
 protected:
  static std::string error(const std::string& path, Cifar kind = Cifar::k10) {
    return message_of([&] { static_cast<void>(read_cifar(path, kind)); });
  }
};

/// What `cifar_record` puts after the labels.
void expect_pixels(const CifarRecords& records, const std::vector<int>& seeds) {
  ASSERT_EQ(records.pixels.size(), 3072 * seeds.size());
  for (std::size_t i = 0; i < records.pixels.size(); ++i) {
    const auto seed = static_cast<std::size_t>(seeds[i / 3072]);
    ASSERT_EQ(records.pixels[i], (seed + i % 3072) % 251);
  }
}

TEST_F(CifarFile, ReadsTheRecordsOfCifar10) {
  const auto bytes =
      cifar_record({9}, 3) + cifar_record({0}, 5) + cifar_record({7}, 7);
  for (const auto& path : {write("a.bin", bytes), write_gzip("b.gz", bytes)}) {
    const auto records = read_cifar(path, Cifar::k10);

    EXPECT_EQ(records.labels, (std::vector<std::uint8_t>{9, 0, 7}));
    EXPECT_TRUE(records.coarse_labels.empty());
    expect_pixels(records, {3, 5, 7});
  }
}

TEST_F(CifarFile, ReadsTheRecordsOfCifar100) {
  const auto path =
      write("train.bin", cifar_record({19, 99}, 3) + cifar_record({4, 0}, 5));

  const auto records = read_cifar(path, Cifar::k100);

  EXPECT_EQ(records.labels, (std::vector<std::uint8_t>{99, 0}));
  EXPECT_EQ(records.coarse_labels, (std::vector<std::uint8_t>{19, 4}));
  expect_pixels(records, {3, 5});
}

TEST_F(CifarFile, NamesAFileThatIsMissing) {
  EXPECT_EQ(error(path("none")),
            "cannot open \"" + path("none") + "\": No such file or directory");
}

TEST_F(CifarFile, NamesAnEmptyFile) {
  const auto path = write("empty.bin", "");

  EXPECT_EQ(error(path),
            "read_cifar: CIFAR-10 has records of 3073 bytes, got an empty "
            "file at \"" +
                path + "\"; fetch it again");
}

TEST_F(CifarFile, NamesWhereAFileIsCutShortOrGoesOn) {
  const auto two = cifar_record({1}, 0) + cifar_record({2}, 0);
  const auto path = write("batch.bin", two.substr(0, two.size() - 1));
  EXPECT_EQ(error(path),
            "read_cifar: CIFAR-10 has records of 3073 bytes, got 3072 at byte "
            "3073 of \"" +
                path + "\"; fetch the file again");

  write("batch.bin", two + "!");
  EXPECT_EQ(error(path),
            "read_cifar: CIFAR-10 has records of 3073 bytes, got 1 at byte "
            "6146 of \"" +
                path + "\"; fetch the file again");
}

TEST_F(CifarFile, NamesALabelOutOfRange) {
  const auto path =
      write("batch.bin", cifar_record({1}, 0) + cifar_record({10}, 0));
  EXPECT_EQ(error(path),
            "read_cifar: a label is at most 9, got 10 at byte 3073 of \"" +
                path + "\"; give a file of this data set, or fetch it again");

  write("batch.bin", cifar_record({20, 0}, 0));
  EXPECT_EQ(error(path, Cifar::k100),
            "read_cifar: a coarse label is at most 19, got 20 at byte 0 of \"" +
                path + "\"; give a file of this data set, or fetch it again");

  write("batch.bin", cifar_record({0, 0}, 0) + cifar_record({0, 200}, 0));
  EXPECT_EQ(error(path, Cifar::k100),
            "read_cifar: a fine label is at most 99, got 200 at byte 3075 of "
            "\"" +
                path + "\"; give a file of this data set, or fetch it again");
}

TEST_F(CifarFile, RefusesTheOtherCifar) {
  // The second label stands where the first pixel is, and so on.
  std::string hundred;
  for (int i = 0; i < 20; ++i) hundred += cifar_record({i % 20, 5 * i}, 100);
  const auto path = write("train.bin", hundred);

  EXPECT_EQ(error(path),
            "read_cifar: a label is at most 9, got 159 at byte 3073 of \"" +
                path + "\"; give a file of this data set, or fetch it again");
}

TEST_F(CifarFile, NamesAGzipFileThatIsCutShort) {
  const auto path = write_gzip("batch.gz", cifar_record({1}, 0));
  const auto size = std::filesystem::file_size(path);
  for (const auto left : {size - 1, size - 9, size / 2}) {
    std::filesystem::resize_file(path, left);

    EXPECT_EQ(error(path), "read_cifar: the file must be whole, got \"" + path +
                               "\": unexpected end of file; fetch it again");
  }
}

}  // namespace
}  // namespace expandnet::data
