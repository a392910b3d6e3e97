// shard_index.h: the index of weights in several files.
//
// Needs no LibTorch.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace expandnet {

/// The file of each tensor, by the tensor's name.
using FileOfTensor = std::map<std::string, std::string>;

struct ShardIndex {
  FileOfTensor files;
  /// Texts in the object `metadata`, for example aliases of tied tensors.
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON of an index such as model.safetensors.index.json; `where`
/// names the file in messages. Throws `std::runtime_error` unless the index has
/// an object `weight_map` in which each name occurs once, with a file in the
/// index's folder.
[[nodiscard]] ShardIndex parse_shard_index(const std::string& where,
                                           std::string_view bytes);

}  // namespace expandnet
