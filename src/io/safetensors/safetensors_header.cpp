#include "io/safetensors/safetensors_header.h"

#include <limits>

namespace expandnet {

std::optional<std::uint64_t> entry_bytes(const SafetensorsEntry& entry) {
  auto bytes = static_cast<std::int64_t>(info_of(entry.dtype).bytes);
  bool is_empty = false;
  for (const auto size : entry.shape) {
    is_empty = is_empty || size == 0;
    if (size == 0) continue;
    if (bytes > std::numeric_limits<std::int64_t>::max() / size) {
      return std::nullopt;
    }
    bytes *= size;
  }
  return is_empty ? 0 : static_cast<std::uint64_t>(bytes);
}

}  // namespace expandnet
