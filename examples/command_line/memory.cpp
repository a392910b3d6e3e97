#include "command_line/memory.h"

#include <cstdlib>  // defines __GLIBC__
#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace expandnet::examples {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kNoLimit = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kNoLimit);
  mallopt(M_TRIM_THRESHOLD, kNoLimit);
#endif
}

}  // namespace expandnet::examples
