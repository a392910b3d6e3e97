#include "command_line/memory.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdlib>
#include <vector>

namespace expandnet::examples {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;
constexpr std::size_t kPage = 4096;

/// How many pages the system had to provide for so much memory.
long faults_of_new_memory() {
  rusage before = {};
  rusage after = {};
  getrusage(RUSAGE_SELF, &before);
  { const std::vector<char> memory(kBytes, 1); }
  getrusage(RUSAGE_SELF, &after);
  return after.ru_minflt - before.ru_minflt;
}

TEST(KeepFreedMemory, LeavesItForTheNextToTake) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "this is not glibc's malloc";
#endif
  keep_freed_memory();
  faults_of_new_memory();
  EXPECT_LT(faults_of_new_memory(), static_cast<long>(kBytes / kPage / 100));
}

}  // namespace
}  // namespace expandnet::examples
