#include "io/zip/zip_archive.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/little_endian.h"
#include "files.h"
#include "io/zip/zip_files.h"
#include "io/zip/zip_format.h"

namespace expandnet::testing {
namespace {

const std::string kName = "\"x.pt\"";

std::string error_in(const std::string& file) {
  return failure_of([&] { ZipArchive(kName, file); });
}

std::string little(std::uint64_t number, std::size_t count) {
  std::string bytes;
  append_little_endian(bytes, number, count);
  return bytes;
}

TEST(ZipArchive, GivesViewsOfItsEntries) {
  const auto file = zip_of({{"a/data.pkl", "abc"}, {"a/b", ""}, {"a/c", "d"}});

  const ZipArchive archive(kName, file);

  ASSERT_EQ(archive.entries().size(), 3);
  EXPECT_EQ(archive.entries()[1].name, "a/b");
  const auto* entry = archive.find("a/data.pkl");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(archive.read(*entry), "abc");
  EXPECT_EQ(entry->bytes.data(), file.data() + kZipAlignment);
  EXPECT_EQ(archive.read(*archive.find("a/b")), "");
  EXPECT_EQ(archive.read(*archive.find("a/c")), "d");
  EXPECT_EQ(archive.find("a/d"), nullptr);
}

TEST(ZipArchive, AlignsWhatItWrites) {
  ZipContent content;
  for (std::size_t i = 0; i < 200; ++i) {
    content.emplace_back(std::string(i + 1, 'n'), std::string(i, 'x'));
  }
  const auto file = zip_of(content);
  const ZipArchive archive(kName, file);

  ASSERT_EQ(archive.entries().size(), content.size());
  for (const auto& entry : archive.entries()) {
    const auto offset =
        static_cast<std::size_t>(entry.bytes.data() - file.data());
    EXPECT_EQ(offset % kZipAlignment, 0);
  }
}

TEST(ZipArchive, MayBeEmptyAndEndWithAComment) {
  const auto empty = zip_of({});
  const auto commented = patched(empty, 20, little(7, 2)) + "PK\x05\x06 me";

  EXPECT_TRUE(ZipArchive(kName, empty).entries().empty());
  EXPECT_TRUE(ZipArchive(kName, commented).entries().empty());
}

TEST(ZipArchive, TakesMoreEntriesThanTwoBytesCount) {
  ZipContent content;
  for (int i = 0; i < 0x10001; ++i) content.emplace_back(std::to_string(i), "");
  const auto file = zip_of(content);

  const ZipArchive archive(kName, file);

  EXPECT_EQ(archive.entries().size(), content.size());
  EXPECT_NE(archive.find("65536"), nullptr);
}

/// Memory of which only what is written to takes room.
class SparseMemory {
 public:
  explicit SparseMemory(std::size_t size)
      : size_(size),
        data_(::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~SparseMemory() { ::munmap(data_, size_); }
  SparseMemory(const SparseMemory&) = delete;
  SparseMemory& operator=(const SparseMemory&) = delete;

  [[nodiscard]] bool exists() const { return data_ != MAP_FAILED; }
  void append(const std::string& bytes) {
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(data_) + used_);
    used_ += bytes.size();
  }
  void skip(std::size_t count) { used_ += count; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::string_view view() const {
    return {static_cast<const char*>(data_), used_};
  }

 private:
  std::size_t size_;
  void* data_;
  std::size_t used_ = 0;
};

TEST(ZipArchive, TakesEntriesBeyondFourGiB) {
  constexpr std::uint64_t kLarge = (std::uint64_t{1} << 32U) + 5;
  SparseMemory file(kLarge + 4096);
  if (!file.exists()) GTEST_SKIP() << "no 4 GiB of address space";
  // Its checksum is not computed: the bytes need not be touched.
  const ZipRecord large = {"a/data/0", kLarge, 0, 0};
  file.append(zip_local_header(large));
  file.skip(kLarge);
  const ZipRecord beyond = {"a/version", 2, 0, file.used()};
  file.append(zip_local_header(beyond) + "3\n");
  const std::uint64_t directory = file.used();
  file.append(zip_central_header(large) + zip_central_header(beyond));
  file.append(zip_end_records({directory, file.used() - directory, 2}));

  const ZipArchive archive(kName, file.view());

  ASSERT_EQ(archive.entries().size(), 2);
  EXPECT_EQ(archive.entries()[0].bytes.size(), kLarge);
  EXPECT_EQ(archive.entries()[0].bytes.data() - file.view().data(), 64);
  EXPECT_EQ(archive.entries()[1].bytes, "3\n");
}

/// A file of two entries, and where its parts begin.
class ZipErrors : public ::testing::Test {
 protected:
  /// With 2 or 4 bytes from `at` on replaced.
  [[nodiscard]] std::string with(std::size_t at, std::uint64_t number,
                                 std::size_t count) const {
    return patched(file_, at, little(number, count));
  }

  const std::string file_ = zip_of({{"a", "abc"}, {"b", "de"}});
  const std::size_t second_ = 67;  ///< the header of "b"
  const std::size_t directory_ = file_.find(zip::kCentralSignature);
  const std::size_t end_ = file_.find(zip::kEndSignature);
  const std::string again_ = "; fetch the file or save it again";
};

TEST_F(ZipErrors, EveryCutIsSeen) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    EXPECT_EQ(error_in(file_.substr(0, size)),
              kName +
                  ": a zip file must end with the record of its directory, got "
                  "none in the last " +
                  std::to_string(size) + " bytes" + again_);
  }
}

TEST_F(ZipErrors, TheEndIsSearchedOnlyWhereItMayBe) {
  EXPECT_EQ(error_in(file_ + std::string(0x10000, ' ')),
            kName +
                ": a zip file must end with the record of its directory, got "
                "none in the last 65557 bytes" +
                again_);
}

TEST_F(ZipErrors, TheDirectoryIsWhereItShouldBe) {
  const auto place = kName + ", byte " + std::to_string(end_);
  const auto size = end_ - directory_;
  EXPECT_EQ(error_in(with(end_ + 16, 0xFFFFFFF0, 4)),
            place + ": the directory must end at its record, got " +
                std::to_string(size) + " bytes from byte 4294967280" + again_);
  EXPECT_EQ(error_in(with(end_ + 12, size - 1, 4)),
            place + ": the directory must end at its record, got " +
                std::to_string(size - 1) + " bytes from byte " +
                std::to_string(directory_) + again_);
  EXPECT_EQ(
      error_in(with(end_ + 4, 1, 2)),
      place + ": a zip file must be on one disk, got parts of it" + again_);
  EXPECT_EQ(error_in(patched(file_, end_ + 8, little(0x00030003, 4))),
            place + ": a directory of " + std::to_string(size) +
                " bytes has room for 2 entries, got 3" + again_);
  EXPECT_EQ(error_in(patched(file_, end_ + 8, little(0x00010001, 4))),
            kName + ", byte " + std::to_string(directory_ + size / 2) +
                ": the directory must list 1 entries, got more" + again_);
}

TEST_F(ZipErrors, HeadersAreWhereTheyShouldBe) {
  EXPECT_EQ(error_in(patched(file_, directory_, "XX")),
            kName + ", byte " + std::to_string(directory_) +
                ": the directory must list 2 entries, got fewer" + again_);
  EXPECT_EQ(error_in(with(directory_ + 28, 0, 2)),
            kName + ", byte " + std::to_string(directory_) +
                ": a header must have a name and end in the directory, got a "
                "name of 0 of 0 bytes" +
                again_);
  EXPECT_EQ(error_in(with(directory_ + 30, 500, 2)),
            kName + ", byte " + std::to_string(directory_) +
                ": a header must have a name and end in the directory, got a "
                "name of 1 of 501 bytes" +
                again_);
  EXPECT_EQ(error_in(with(directory_ + 34, 1, 2)),
            kName + ", byte " + std::to_string(directory_) +
                ": a zip file must be on one disk, got parts of it" + again_);
  EXPECT_EQ(
      error_in(with(directory_ + 42, 1, 4)),
      kName + ", byte 1: the header of \"a\" must be here, got none" + again_);
  EXPECT_EQ(error_in(patched(file_, directory_ + 20,
                             little(500, 4) + little(500, 4))),
            kName +
                ", byte 0: \"a\" must end before the directory, got 500 bytes" +
                again_);
}

TEST_F(ZipErrors, BothHeadersOfAnEntryAgree) {
  const auto message = kName +
                       ", byte 0: the header must be that of \"a\" in the "
                       "directory, got another" +
                       again_;
  for (const auto at : {6, 8, 14, 18, 22, 30}) {  // flags and all that follows
    EXPECT_EQ(error_in(with(static_cast<std::size_t>(at), 0x4142, 2)), message)
        << at;
  }
  EXPECT_EQ(error_in(with(directory_ + 20, 2, 4)), message);
}

TEST_F(ZipErrors, ADescriptorMayHoldSizesAndChecksum) {
  auto file = with(6, zip::kFlagUtf8 | zip::kFlagDescriptor, 2);
  file = patched(file, directory_ + 8,
                 little(zip::kFlagUtf8 | zip::kFlagDescriptor, 2));
  EXPECT_EQ(error_in(patched(file, 14, std::string(12, '\0'))), "");
  EXPECT_EQ(error_in(patched(file, 18, little(2, 4))),
            kName +
                ", byte 0: the header must be that of \"a\" in the directory, "
                "got another" +
                again_);
}

TEST_F(ZipErrors, CompressedEntriesAreListedButNotRead) {
  const auto file = patched(with(directory_ + 10, 8, 2), 8, little(8, 2));
  const ZipArchive archive(kName, file);

  EXPECT_EQ(archive.read(*archive.find("b")), "de");
  EXPECT_EQ(failure_of([&] { (void)archive.read(*archive.find("a")); }),
            kName +
                ": what is read must be stored as it is, got \"a\" compressed "
                "by method 8; save the file with PyTorch, or zip it with level "
                "0");
}

TEST_F(ZipErrors, NoEntryIsEncrypted) {
  for (const auto flag : {0x1U, 0x40U, 0x2000U}) {
    EXPECT_EQ(error_in(with(directory_ + 8, flag, 2)),
              kName +
                  ": no entry may be encrypted, got \"a\"; zip the files "
                  "without a password");
  }
}

TEST_F(ZipErrors, EntriesShareNothing) {
  const auto twice = patched(patched(file_, second_ + 30, "a"),
                             file_.rfind(zip::kCentralSignature) + 46, "a");
  EXPECT_EQ(error_in(twice), kName +
                                 ": names of entries must differ, got "
                                 "\"a\" twice" +
                                 again_);

  // The first reaches into the header of the second.
  const auto four = little(4, 4) + little(4, 4);
  EXPECT_EQ(error_in(patched(patched(file_, 18, four), directory_ + 20, four)),
            kName + ", byte 67: entries must not overlap, got \"b\" in \"a\"" +
                again_);
}

TEST_F(ZipErrors, TheChecksumIsComparedWhenAnEntryIsRead) {
  const auto damaged = patched(file_, kZipAlignment, "x");
  const ZipArchive archive(kName, damaged);

  EXPECT_EQ(archive.read(*archive.find("b")), "de");
  EXPECT_EQ(failure_of([&] { (void)archive.read(*archive.find("a")); }),
            kName +
                ": the bytes of \"a\" must have the checksum of the directory, "
                "got another" +
                again_);

  // PyTorch writes 0 where it computes none.
  auto unchecked = patched(damaged, 14, little(0, 4));
  unchecked = patched(unchecked, directory_ + 16, little(0, 4));
  const ZipArchive lax(kName, unchecked);
  EXPECT_EQ(lax.read(*lax.find("a")), "xbc");
}

TEST_F(ZipErrors, Zip64NeedsItsField) {
  EXPECT_EQ(error_in(with(directory_ + 42, 0xFFFFFFFF, 4)),
            kName +
                ": a header must hold the numbers that it puts into zip64, got "
                "none for \"a\"" +
                again_);
}

/// The same file with zip64 records before its end.
class Zip64Errors : public ZipErrors {
 protected:
  /// With `number` in 8 bytes at `at` of the zip64 record.
  [[nodiscard]] std::string wide(std::size_t at, std::uint64_t number) const {
    return patched(wide_, end_ + at, little(number, 8));
  }

  const std::size_t locator_ = end_ + zip::kEnd64Bytes;
  const std::string record_ = [&] {
    // With a count that needs it; then the right one.
    auto records =
        zip_end_records({directory_, end_ - directory_, zip::kElsewhere16});
    records = patched(records, 24, little(2, 8) + little(2, 8));
    return records;
  }();
  const std::string wide_ = file_.substr(0, end_) + record_;
};

TEST_F(Zip64Errors, TheRecordAgreesWithTheRest) {
  const auto size = end_ - directory_;
  const auto place = kName + ", byte " + std::to_string(end_);
  ASSERT_EQ(error_in(wide_), "");

  EXPECT_EQ(error_in(patched(wide_, locator_ + 8, little(~0ULL, 8))),
            kName + ", byte " + std::to_string(locator_) +
                ": the zip64 record must come before its locator, got none at "
                "byte 18446744073709551615" +
                again_);
  EXPECT_EQ(error_in(wide(4, 43)),
            place + ": the zip64 record must end at its locator, got 43 bytes" +
                again_);
  EXPECT_EQ(
      error_in(wide(24, 3)),
      place + ": a zip file must be on one disk, got parts of it" + again_);
  EXPECT_EQ(error_in(wide(48, ~0ULL)),
            place + ": the directory must end at the zip64 record, got " +
                std::to_string(size) + " bytes from byte 18446744073709551615" +
                again_);
  EXPECT_EQ(error_in(patched(wide_, wide_.size() - 6, little(7, 4))),
            kName + ", byte " + std::to_string(wide_.size() - 22) +
                ": both records of the directory must agree, got " +
                std::to_string(size) + " bytes from byte 7 and " +
                std::to_string(size) + " bytes from byte " +
                std::to_string(directory_) + again_);
  EXPECT_EQ(error_in(patched(wide_, end_ + 24,
                             little(1U << 30U, 8) + little(1U << 30U, 8))),
            kName + ", byte " + std::to_string(wide_.size() - 22) +
                ": a directory of " + std::to_string(size) +
                " bytes has room for 2 entries, got 1073741824" + again_);
}

}  // namespace
}  // namespace expandnet::testing
