// pytorch_files.h: files of torch.save, put together by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/pytorch/pickles.h"
#include "io/zip/zip_files.h"

namespace expandnet::testing::pickles {

inline std::string integers(const std::vector<std::int64_t>& numbers) {
  std::string items;
  for (const auto number : numbers) items += integer(number);
  return tuple(items);
}
inline std::string ordered_dict() {
  return global("collections", "OrderedDict") + ")R";
}

/// The storage in the record "data/<name>", of a class of module torch.
inline std::string storage(const std::string& type, const std::string& name,
                           std::int64_t numel) {
  return tuple(text("storage") + global("torch", type) + text(name) +
               text("cuda:0") + integer(numel)) +
         "Q";
}
/// The arguments of every function that makes a tensor.
inline std::string tensor_arguments(const std::string& storage,
                                    std::int64_t offset,
                                    const std::vector<std::int64_t>& sizes,
                                    const std::vector<std::int64_t>& strides) {
  return storage + integer(offset) + integers(sizes) + integers(strides) +
         "\x88" + ordered_dict();
}
inline std::string tensor(const std::string& storage, std::int64_t offset,
                          const std::vector<std::int64_t>& sizes,
                          const std::vector<std::int64_t>& strides) {
  return call(global("torch._utils", "_rebuild_tensor_v2"),
              tensor_arguments(storage, offset, sizes, strides));
}
/// Two floats, in the record "data/0".
inline std::string two_floats() {
  return tensor(storage("FloatStorage", "0", 2), 0, {2}, {1});
}

}  // namespace expandnet::testing::pickles

namespace expandnet::testing {

/// The bytes of 1.0F, 2.0F and so on.
inline std::string floats(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = static_cast<float>(i + 1);
    const auto* first = reinterpret_cast<const char*>(&number);
    bytes.append(first, sizeof(number));
  }
  return bytes;
}

/// A file of the pickle that these instructions make; by default, storage "0"
/// has two floats.
inline std::string pytorch_file(const std::string& instructions,
                                const ZipContent& records = {
                                    {"data/0", floats(2)}}) {
  ZipContent content = {{"x/data.pkl", pickles::whole(instructions)},
                        {"x/byteorder", "little"},
                        {"x/version", "3\n"}};
  for (const auto& [name, bytes] : records) {
    content.emplace_back("x/" + name, bytes);
  }
  return zip_of(content);
}

}  // namespace expandnet::testing
