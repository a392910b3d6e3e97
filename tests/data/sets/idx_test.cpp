#include <expandnet/data/sets/idx.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "data/sets/files.h"
#include "testing.h"

namespace expandnet::data {
namespace {

class Idx : public FilesTest {
 protected:
  static std::string error(const std::string& path) {
    return message_of([&] { static_cast<void>(read_idx(path, 3)); });
  }

  /// Two images of 1 x 3 pixels.
  const std::string images_ =
      idx_file({2, 1, 3}, std::string("\0\x01\x7f\x80\xfe\xff", 6));
};

TEST_F(Idx, ReadsSizesAndBytesGzippedOrNot) {
  for (const auto& path :
       {write("plain", images_), write_gzip("gzipped", images_)}) {
    const auto [sizes, bytes] = read_idx(path, 3);

    EXPECT_EQ(sizes, (std::vector<std::int64_t>{2, 1, 3}));
    EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0, 1, 127, 128, 254, 255}));
  }
}

TEST_F(Idx, ReadsOneToFourDimensions) {
  for (std::uint32_t count = 1; count <= 4; ++count) {
    const std::vector<std::uint32_t> sizes(count, 2);
    const auto path =
        write_gzip("array", idx_file(sizes, std::string(1U << count, 'x')));

    EXPECT_EQ(read_idx(path, count).sizes,
              (std::vector<std::int64_t>(count, 2)));
  }
  for (const std::size_t count : {0, 5}) {
    EXPECT_EQ(expandnet::testing::error_of(
                  [&] { static_cast<void>(read_idx(path("array"), count)); }),
              "read_idx: an array has 1 to 4 dimensions, got " +
                  std::to_string(count) +
                  "; ask for 3 for images, 1 for labels");
  }
}

TEST_F(Idx, ReadsFilesLargerThanOneChunk) {
  std::string bytes(3U << 20U, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i % 251);
  }
  const auto path = write_gzip("large", idx_file({3, 1024, 1024}, bytes));

  const auto read = read_idx(path, 3).bytes;

  EXPECT_EQ(std::string(read.begin(), read.end()), bytes);
}

TEST_F(Idx, NamesAFileThatIsMissingOrNone) {
  EXPECT_EQ(error(path("none")),
            "cannot open \"" + path("none") + "\": No such file or directory");
  EXPECT_EQ(error(folder_), "cannot read \"" + folder_ + "\": Is a directory");
}

TEST_F(Idx, NamesAGzipFileThatIsCutShort) {
  const auto path = write_gzip("short", images_);
  const auto size = std::filesystem::file_size(path);
  for (const auto left : {size - 1, size - 9, size / 2}) {
    std::filesystem::resize_file(path, left);

    EXPECT_EQ(error(path), "read_idx: the file must be whole, got \"" + path +
                               "\": unexpected end of file; fetch it again");
  }
}

TEST_F(Idx, NamesAGzipFileThatIsDamaged) {
  const auto path = write_gzip("damaged", images_);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-8, std::ios::end);  // the checksum
  file.put('!');
  file.close();

  EXPECT_EQ(error(path), "read_idx: the file must be whole, got \"" + path +
                             "\": incorrect data check; fetch it again");
}

TEST_F(Idx, NamesAFileOfAnotherKind) {
  const std::string text = "no IDX file, but longer than its header";
  const auto path = write("text", text);
  EXPECT_EQ(error(path),
            "read_idx: IDX bytes in 3 dimensions start with 00 00 08 03, got "
            "6e 6f 20 49 in \"" +
                path + "\"; give a file of that kind");

  auto floats = images_;
  floats[2] = 0x0d;
  write("text", floats);
  EXPECT_EQ(error(path),
            "read_idx: IDX bytes in 3 dimensions start with 00 00 08 03, got "
            "00 00 0d 03 in \"" +
                path + "\"; give a file of that kind");
}

TEST_F(Idx, NamesAFileWithoutAHeader) {
  for (const std::size_t size : {0, 1, 15}) {
    const auto path = write("short", images_.substr(0, size));

    EXPECT_EQ(error(path),
              "read_idx: an IDX file starts with a header of 16 bytes, got " +
                  std::to_string(size) + " bytes in \"" + path +
                  "\"; fetch the file again");
  }
}

TEST_F(Idx, NamesAFileWithLessOrMoreThanItSays) {
  const auto path = write("less", images_.substr(0, 20));
  const auto rule =
      "read_idx: the header of \"" + path + "\" promises 2 x 1 x 3 bytes, got ";
  EXPECT_EQ(error(path), rule + "4; fetch the file again");

  for (const auto& rewritten :
       {write("less", images_ + "!"), write_gzip("less", images_ + "!")}) {
    EXPECT_EQ(error(rewritten), rule + "more; fetch the file again");
  }
}

TEST_F(Idx, RefusesWrongSizesBeforeItTakesMemory) {
  const auto path = write("huge", idx_file({0xffffffff, 0xffffffff, 2}, "x"));
  EXPECT_EQ(error(path),
            "read_idx: an array may have 2147483648 bytes, got 4294967295 x "
            "4294967295 x 2 in the header of \"" +
                path + "\"; fetch the file again, or split it");

  // Allowed, but not there: what is read grows with the file.
  write("huge", idx_file({1U << 31U, 1, 1}, "x"));
  EXPECT_EQ(error(path), "read_idx: the header of \"" + path +
                             "\" promises 2147483648 x 1 x 1 bytes, got 1; "
                             "fetch the file again");

  write("huge", idx_file({0, 28, 28}, ""));
  EXPECT_EQ(error(path),
            "read_idx: each size must be positive, got 0 x 28 x 28 in the "
            "header of \"" +
                path + "\"; fetch the file again");
}

}  // namespace
}  // namespace expandnet::data
