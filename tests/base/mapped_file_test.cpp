#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "files.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

/// While it lives, the program may map `bytes` more than it has.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_AS, &former_);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    const rlimit limit = {pages * page + bytes, former_.rlim_max};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() { ::setrlimit(RLIMIT_AS, &former_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
  rlimit former_ = {};
};

TEST(MappedFile, HoldsTheBytesOfTheFile) {
  const ScratchFolder folder;
  const std::string bytes("\0\n\xff more than a word", 20);
  const auto path = write_bytes(folder / "x", bytes);

  const MappedFile file(path);

  EXPECT_EQ(file.bytes(), bytes);
  EXPECT_EQ(file.size(), bytes.size());
  EXPECT_EQ(file.path(), path);
}

TEST(MappedFile, BeginsWithAPage) {
  const ScratchFolder folder;

  const MappedFile file(write_bytes(folder / "x", "x"));

  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.data()) %
                static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE)),
            0);
}

TEST(MappedFile, IsNullForAnEmptyFile) {
  const ScratchFolder folder;

  const MappedFile file(write_bytes(folder / "x", ""));

  EXPECT_EQ(file.data(), nullptr);
  EXPECT_EQ(file.size(), 0);
  EXPECT_TRUE(file.bytes().empty());
}

TEST(MappedFile, IsWrittenToWithoutChangingTheFileOrOtherMappings) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "before");
  fs::permissions(path, fs::perms{0400});
  const MappedFile file(path);
  const MappedFile other(path);

  file.data()[0] = 'B';

  EXPECT_EQ(file.bytes(), "Before");
  EXPECT_EQ(other.bytes(), "before");
  EXPECT_EQ(content_of(path), "before");
}

TEST(MappedFile, OutlivesTheNameOfTheFile) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "before");
  const MappedFile file(path);

  fs::remove(path);

  EXPECT_EQ(file.bytes(), "before");
}

TEST(MappedFileErrors, NameWhatIsNoFile) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);

  EXPECT_EQ(
      failure_of([&] { MappedFile(folder / "none"); }),
      "cannot open \"" + (folder / "none") + "\": No such file or directory");
  EXPECT_EQ(failure_of([&] { MappedFile(folder / ""); }),
            "\"" + (folder / "") +
                "\": the path must name a file, got a folder; name a file in "
                "it");
  EXPECT_EQ(failure_of([&] { MappedFile(folder / "pipe"); }),
            "\"" + (folder / "pipe") +
                "\": the path must name a file, got a device or the like; copy "
                "its bytes to a file");
}

TEST(MappedFileErrors, NameAFileThatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "secret");
  fs::permissions(path, fs::perms{0});

  EXPECT_EQ(failure_of([&] { MappedFile{path}; }),
            "cannot open \"" + path + "\": Permission denied");
}

TEST(MappedFileErrors, NameAFileThatAddressesDoNotReachFor) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "");
  constexpr std::uintmax_t kGigabyte = 1U << 30U;
  fs::resize_file(path, 4 * kGigabyte);  // takes no space
  const AddressSpaceLimit limit(kGigabyte);

  EXPECT_EQ(failure_of([&] { MappedFile{path}; }),
            "cannot map \"" + path +
                "\": Cannot allocate memory; raise the limit on address space "
                "(ulimit -v)");
}

}  // namespace
}  // namespace expandnet::testing
