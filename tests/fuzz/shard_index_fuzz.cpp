// The reader of an index of shards takes any bytes: it gives names of files
// beside the index, or throws std::runtime_error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "io/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto index = expandnet::parse_shard_index("\"fuzz.json\"", bytes);
    for (const auto& [name, file] : index.files) {
      const bool is_beside = !file.empty() && file != "." && file != ".." &&
                             file.find('/') == std::string::npos;
      if (!is_beside || name.size() > size) std::abort();
    }
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
