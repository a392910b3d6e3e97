#include "idx.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// Two images of 1 x 3 pixels.
const std::string kImages(
    "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x03"
    "\0\x01\x7f\x80\xfe\xff",
    22);

class Idx : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void write(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  void write_gzip(const std::string& bytes) const {
    auto* file = gzopen(path_.c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  }
  [[nodiscard]] std::string error() const {
    try {
      static_cast<void>(read_idx(path_, 3));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  const std::string path_ =
      testing::TempDir() + "idx_test_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Idx, ReadsSizesAndBytesGzippedOrNot) {
  for (const bool gzip : {true, false}) {
    if (gzip) {
      write_gzip(kImages);
    } else {
      write(kImages);
    }

    const auto [sizes, bytes] = read_idx(path_, 3);

    EXPECT_EQ(sizes, (std::vector<std::int64_t>{2, 1, 3}));
    EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0, 1, 127, 128, 254, 255}));
  }
}

TEST_F(Idx, NamesAFileThatIsMissing) {
  EXPECT_EQ(error(), "read_idx: the file must open, got " + path_ +
                         ": No such file or directory");
}

TEST_F(Idx, NamesAGzipFileThatIsCutShort) {
  write_gzip(kImages);
  const auto size = std::filesystem::file_size(path_);
  for (const auto left : {size - 1, size - 9, size / 2}) {
    std::filesystem::resize_file(path_, left);

    EXPECT_EQ(error(), "read_idx: the file must be whole, got " + path_ +
                           ": unexpected end of file; fetch it again");
  }
}

TEST_F(Idx, NamesAGzipFileThatIsDamaged) {
  write_gzip(kImages);
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-8, std::ios::end);  // the checksum
  file.put('!');
  file.close();

  EXPECT_EQ(error(), "read_idx: the file must be whole, got " + path_ +
                         ": incorrect data check; fetch it again");
}

TEST_F(Idx, NamesAFileOfAnotherKind) {
  auto labels = kImages;
  labels[3] = 1;
  for (const auto& bytes : {labels, std::string("PNG"), std::string()}) {
    write(bytes);

    EXPECT_EQ(error(),
              "read_idx: IDX bytes in 3 dimensions start with 0 0 8 3, got "
              "other bytes at \"" +
                  path_ + "\"");
  }
}

TEST_F(Idx, NamesAFileWithLessOrMoreThanItSays) {
  write_gzip(kImages.substr(0, 20));
  EXPECT_EQ(error(),
            "read_idx: the header promises 2 x 1 x 3 bytes, got 4 at \"" +
                path_ + "\"");

  write_gzip(kImages + "!");
  EXPECT_EQ(error(),
            "read_idx: the header promises 2 x 1 x 3 bytes, got 7 at \"" +
                path_ + "\"");

  auto huge = kImages;
  huge.replace(4, 12, 12, '\xff');
  write_gzip(huge);
  EXPECT_EQ(error(),
            "read_idx: the header promises 4294967295 x 4294967295 x "
            "4294967295 bytes, got 6 at \"" +
                path_ + "\"");
}

}  // namespace
