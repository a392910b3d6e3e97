#include "io/safetensors/safetensors_reader.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "io/packed_tensor.h"
#include "io/safetensors/safetensors_parse.h"
#include "io/scalar_type.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the elements of a safetensors file are little endian");

namespace expandnet {

namespace {

void check_bools(const MappedFile& file, const SafetensorsEntry& entry,
                 std::uint64_t data_begin) {
  const auto bytes =
      file.bytes().substr(data_begin + entry.begin, entry.end - entry.begin);
  const auto wrong = find_wrong_bool(bytes);
  if (wrong == std::string_view::npos) return;
  throw_file_error(in_quotes(file.path()),
                   "elements of tensor " + quoted_name(entry.name) +
                       " of BOOL must be 0 or 1",
                   std::to_string(static_cast<std::uint8_t>(bytes[wrong])) +
                       " at byte " +
                       std::to_string(data_begin + entry.begin + wrong),
                   kSafetensorsRemedy);
}

at::Tensor tensor_in_file(const std::shared_ptr<const MappedFile>& file,
                          const SafetensorsEntry& entry,
                          std::uint64_t data_begin) {
  const auto options =
      at::TensorOptions(at::kCPU).dtype(scalar_type_of(entry.dtype));
  if (entry.begin == entry.end) return at::empty(entry.shape, options);
  if (entry.dtype == FileDtype::kBool) {
    check_bools(*file, entry, data_begin);
  }
  auto* data = file->data() + data_begin + entry.begin;
  // The mapping begins with a page.
  if ((data_begin + entry.begin) % info_of(entry.dtype).bytes == 0) {
    return at::from_blob(
        data, entry.shape, [file](void*) {}, options);
  }
  auto copy = at::empty(entry.shape, options);
  std::memcpy(copy.mutable_data_ptr(), data, entry.end - entry.begin);
  return copy;
}

}  // namespace

Weights read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  auto header =
      parse_safetensors_header(in_quotes(file->path()), file->bytes());
  Weights weights;
  weights.tensors.reserve(header.tensors.size());
  for (auto& entry : header.tensors) {
    auto tensor = tensor_in_file(file, entry, header.data_begin);
    weights.tensors.emplace_back(std::move(entry.name), std::move(tensor));
  }
  weights.metadata = std::move(header.metadata);
  return weights;
}

}  // namespace expandnet
