#include <ATen/core/Tensor.h>
#include <c10/util/StringUtil.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/io/safetensors/safetensors.h>

#include <algorithm>
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
#include "io/safetensors/safetensors_format.h"
#include "io/safetensors/safetensors_reader.h"
#include "io/scalar_type.h"

namespace expandnet {

namespace {

/// A tensor to be written, not packed yet.
struct SafetensorsItem {
  SafetensorsEntry entry;
  at::Tensor tensor;
};

SafetensorsItem checked_item(const std::string& where, const std::string& name,
                             const at::Tensor& tensor) {
  const auto subject = "tensor " + quoted_name(name);
  if (name == kSafetensorsMetadataName) {
    throw_argument_error(where,
                         "a tensor may have any name but that of the metadata",
                         quoted_name(name), "rename it");
  }
  check_packable(where, name, tensor);
  const auto dtype = file_dtype_of(tensor.scalar_type());
  if (!dtype || info_of(*dtype).safetensors.empty()) {
    throw_argument_error(
        where, subject + " must have a dtype of " + safetensors_dtype_names(),
        c10::toString(tensor.scalar_type()), "convert it");
  }
  if (tensor.sizes().size() > kSafetensorsMaxDimensions) {
    throw_argument_error(where,
                         subject + " may have " +
                             std::to_string(kSafetensorsMaxDimensions) +
                             " dimensions",
                         std::to_string(tensor.sizes().size()), "reshape it");
  }
  SafetensorsEntry entry = {name, *dtype, tensor.sizes().vec()};
  if (!entry_bytes(entry)) {
    throw_argument_error(where, subject + " must take less than 2^63 bytes",
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
      throw_argument_error(where, "names of tensors must differ",
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
  return read_safetensors(std::make_shared<const MappedFile>(path));
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
