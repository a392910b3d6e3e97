#include "base/read_file.h"

#include <gtest/gtest.h>

#include <string>

#include "files.h"

namespace expandnet::testing {
namespace {

TEST(ReadFile, GivesEveryByte) {
  const ScratchFolder folder;
  std::string bytes(70000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i % 251);
  }
  EXPECT_EQ(read_file(write_bytes(folder / "some", bytes)), bytes);
  EXPECT_EQ(read_file(write_bytes(folder / "empty", "")), "");
}

TEST(ReadFile, SaysWhatTheSystemSays) {
  const ScratchFolder folder;
  EXPECT_EQ(
      failure_of([&] { (void)read_file(folder / "none"); }),
      "cannot open \"" + (folder / "none") + "\": No such file or directory");
  EXPECT_EQ(failure_of([&] { (void)read_file(folder / ""); }),
            "cannot read \"" + (folder / "") + "\": Is a directory");
}

}  // namespace
}  // namespace expandnet::testing
