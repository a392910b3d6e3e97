#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/io/safetensors/safetensors.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "io/packed_tensor.h"
#include "io/safetensors/safetensors_header.h"
#include "io/scalar_type.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the elements of a safetensors file are little endian");

namespace expandnet {

namespace {

/// How messages about the file begin.
std::string safetensors_place(const std::string& path) {
  return "\"" + path + "\"";
}

/// Any other byte would be no value of a `bool`.
void check_bools(const MappedFile& file, const SafetensorsEntry& entry,
                 std::uint64_t data_begin) {
  const auto bytes =
      file.bytes().substr(data_begin + entry.begin, entry.end - entry.begin);
  const auto wrong = std::find_if(bytes.begin(), bytes.end(), [](char byte) {
    return byte != 0 && byte != 1;
  });
  if (wrong == bytes.end()) return;
  const auto byte = static_cast<std::size_t>(wrong - file.bytes().begin());
  throw_file_error(safetensors_place(file.path()),
                   "elements of tensor " + quoted_name(entry.name) +
                       " of BOOL must be 0 or 1",
                   std::to_string(static_cast<std::uint8_t>(*wrong)) +
                       " at byte " + std::to_string(byte),
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

/// A tensor to be written, not packed yet.
struct SafetensorsItem {
  SafetensorsEntry entry;
  at::Tensor tensor;
};

SafetensorsItem checked_item(const std::string& where, const std::string& name,
                             const at::Tensor& tensor) {
  const auto subject = "tensor " + quoted_name(name);
  if (name == kSafetensorsMetadataName) {
    throw_file_error(where,
                     "a tensor may have any name but that of the metadata",
                     quoted_name(name), "rename it");
  }
  check_packable(where, name, tensor);
  const auto dtype = file_dtype_of(tensor.scalar_type());
  if (!dtype || info_of(*dtype).safetensors.empty()) {
    throw_file_error(
        where, subject + " must have a dtype of " + safetensors_dtype_names(),
        c10::toString(tensor.scalar_type()), "convert it");
  }
  if (tensor.sizes().size() > kSafetensorsMaxDimensions) {
    throw_file_error(where,
                     subject + " may have " +
                         std::to_string(kSafetensorsMaxDimensions) +
                         " dimensions",
                     std::to_string(tensor.sizes().size()), "reshape it");
  }
  SafetensorsEntry entry = {name, *dtype, tensor.sizes().vec()};
  if (!entry_bytes(entry)) {
    throw_file_error(where, subject + " must take less than 2^63 bytes",
                     c10::str(tensor.sizes()),
                     "write what it was expanded from");
  }
  return {std::move(entry), tensor};
}

/// In the order of the file, with their offsets.
std::vector<SafetensorsItem> items_to_write(const std::string& where,
                                            const Weights& weights) {
  std::vector<SafetensorsItem> items;
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : weights.tensors) {
    if (!names.insert(name).second) {
      throw_file_error(where, "names of tensors must differ",
                       quoted_name(name) + " again", "rename one");
    }
    items.push_back(checked_item(where, name, tensor));
  }
  std::sort(items.begin(), items.end(),
            [](const auto& left, const auto& right) {
              return std::tie(right.entry.dtype, left.entry.name) <
                     std::tie(left.entry.dtype, right.entry.name);
            });
  std::uint64_t offset = 0;
  for (auto& [entry, tensor] : items) {
    entry.begin = offset;
    offset += *entry_bytes(entry);
    entry.end = offset;
  }
  return items;
}

}  // namespace

Weights read_safetensors(const std::string& path) {
  const auto file = std::make_shared<const MappedFile>(path);
  auto header =
      parse_safetensors_header(safetensors_place(path), file->bytes());
  Weights weights;
  weights.tensors.reserve(header.tensors.size());
  for (auto& entry : header.tensors) {
    auto tensor = tensor_in_file(file, entry, header.data_begin);
    weights.tensors.emplace_back(std::move(entry.name), std::move(tensor));
  }
  weights.metadata = std::move(header.metadata);
  return weights;
}

void write_safetensors(const Weights& weights, const std::string& path) {
  const std::string where = "write_safetensors";
  const auto items = items_to_write(where, weights);
  SafetensorsHeader header;
  header.metadata = weights.metadata;
  header.tensors.reserve(items.size());
  for (const auto& item : items) header.tensors.push_back(item.entry);
  const auto beginning = format_safetensors_header(where, header);

  AtomicFile file(path);
  file.write(beginning.data(), beginning.size());
  for (const auto& item : items) {
    const auto packed = packed_on_cpu(item.tensor);
    file.write(packed.const_data_ptr(), packed.nbytes());
  }
  file.commit();
}

}  // namespace expandnet
