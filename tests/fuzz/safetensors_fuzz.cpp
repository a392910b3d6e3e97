// Any bytes are a safetensors file or a std::runtime_error, and a header that
// was read is written, and read, as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "io/safetensors/safetensors_format.h"
#include "io/safetensors/safetensors_parse.h"

namespace expandnet {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// What the parser promises of every header.
void require_sound(const SafetensorsHeader& header, std::string_view file) {
  std::uint64_t covered = 0;
  for (const auto& tensor : header.tensors) {
    require(tensor.name != kSafetensorsMetadataName);
    require(tensor.shape.size() <= kSafetensorsMaxDimensions);
    for (const auto size : tensor.shape) require(size >= 0);
    require(tensor.begin == covered);
    require(entry_bytes(tensor) == tensor.end - tensor.begin);
    covered = tensor.end;
  }
  require(header.data_begin + covered == file.size());
}

void require_same(const SafetensorsHeader& left,
                  const SafetensorsHeader& right) {
  require(left.metadata == right.metadata);
  require(left.tensors.size() == right.tensors.size());
  for (std::size_t i = 0; i < left.tensors.size(); ++i) {
    const auto& [name, dtype, shape, begin, end] = left.tensors[i];
    const auto& other = right.tensors[i];
    require(name == other.name && dtype == other.dtype);
    require(shape == other.shape && begin == other.begin && end == other.end);
  }
}

void try_safetensors(std::string_view file) {
  const std::string where = "fuzz";
  SafetensorsHeader header;
  try {
    header = parse_safetensors_header(where, file);
  } catch (const std::runtime_error& error) {
    require(std::string_view(error.what()).substr(0, where.size()) == where);
    return;
  }
  require_sound(header, file);
  auto again = format_safetensors_header(where, header);
  require(again.size() % 8 == 0);
  again += file.substr(header.data_begin);
  require_same(parse_safetensors_header(where, again), header);
}

}  // namespace
}  // namespace expandnet

// libFuzzer's name for it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  expandnet::try_safetensors({reinterpret_cast<const char*>(data), size});
  return 0;
}
