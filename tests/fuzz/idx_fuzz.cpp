// Any bytes are an IDX array whose sizes they fill, or a std::runtime_error.
#include <cstdlib>
#include <stdexcept>

#include "data/sets/parse_idx.h"
#include "memory_source.h"

namespace {

void parse(MemorySource bytes, std::size_t size, std::size_t dimensions) {
  const auto array = expandnet::data::parse_idx(bytes, "fuzz", dimensions);
  std::int64_t count = 1;
  for (const auto extent : array.sizes) count *= extent;
  const bool fine = array.sizes.size() == dimensions && count > 0 &&
                    count == static_cast<std::int64_t>(array.bytes.size());
  if (!fine || 4 + 4 * dimensions + array.bytes.size() != size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  // As many as the bytes say, if they say it.
  const std::size_t dimensions = size > 3 ? 1 + (data[3] + 3U) % 4U : 1;
  try {
    parse({data, size}, size, dimensions);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
