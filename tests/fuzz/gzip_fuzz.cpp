// Any bytes are a file, gzipped or not, that is the same read at once and bit
// by bit, or a std::runtime_error.
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "data/sets/gzip_file.h"
#include "memory_file.h"

namespace {

constexpr std::size_t kLimit = 1 << 14;  // more would say how fast zlib is

using Bytes = std::vector<std::uint8_t>;

Bytes read(const MemoryFile& file, std::size_t at_a_time) {
  expandnet::data::GzipFile gzip("fuzz", file.path());
  Bytes bytes;
  while (bytes.size() < kLimit) {
    const auto more = gzip.read(at_a_time);
    bytes.insert(bytes.end(), more.begin(), more.end());
    if (more.size() < at_a_time) return bytes;
  }
  bytes.resize(kLimit);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static MemoryFile file;
  file.write(data, size);
  try {
    if (read(file, kLimit) != read(file, 999)) std::abort();
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
