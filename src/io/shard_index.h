// shard_index.h: which file of several holds which tensor.
//
// Needs no LibTorch.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace expandnet {

/// The file of each tensor, by its name.
using FileOfTensor = std::map<std::string, std::string>;

struct ShardIndex {
  FileOfTensor files;
  /// The texts of the object `metadata`, as aliases of tied tensors.
  std::map<std::string, std::string> metadata;
};

/// Reads the JSON of an index, as model.safetensors.index.json is; `where`
/// names it in messages. Throws `std::runtime_error` unless it has an object
/// `weight_map` that gives each name once, and a file beside the index for it.
[[nodiscard]] ShardIndex parse_shard_index(const std::string& where,
                                           std::string_view bytes);

}  // namespace expandnet
