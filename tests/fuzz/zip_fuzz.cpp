// The zip reader takes any bytes: it gives views into them, or throws
// std::runtime_error.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "io/zip/zip_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    const expandnet::ZipArchive archive("\"fuzz.pt\"", file);
    std::size_t total = 0;
    for (const auto& entry : archive.entries()) {
      if (archive.find(entry.name) != &entry) std::abort();
      total += entry.name.size() + entry.bytes.size();
    }
    if (total > size) std::abort();  // entries do not overlap
    constexpr std::size_t kMost = 1 << 16;
    for (const auto& entry : archive.entries()) {
      if (archive.unpack(entry, kMost).size() > std::max(kMost, size)) {
        std::abort();
      }
    }
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
