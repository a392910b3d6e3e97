// Any bytes, gzipped or not, are an IDX array whose sizes its bytes fill, or a
// std::runtime_error.
#include <expandnet/data/idx.h>

#include <stdexcept>

#include "memory_file.h"

namespace {

void read(const MemoryFile& file, std::size_t dimensions) {
  const auto array = expandnet::data::read_idx(file.path(), dimensions);
  std::int64_t count = 1;
  for (const auto extent : array.sizes) count *= extent;
  const bool fine = array.sizes.size() == dimensions && count > 0 &&
                    count == static_cast<std::int64_t>(array.bytes.size());
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const MemoryFile file(data, size);
  for (const std::size_t dimensions : {1, 3}) {
    try {
      read(file, dimensions);
    } catch (const std::runtime_error&) {
      continue;
    }
  }
  return 0;
}
