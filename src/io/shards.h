// shards.h: weights in several files, beside an index of them.
//
// Large nets are saved so: model-00001-of-00002.safetensors and so on, and
// model.safetensors.index.json, whose weight_map gives the file of each tensor.
#pragma once

#include <expandnet/io/weights.h>

#include <functional>
#include <string>

namespace expandnet {

/// Whether the path is an index's, by its ending: .index.json, or
/// .index.fp16.json and the like.
[[nodiscard]] bool is_shard_index(const std::string& path);

/// The tensors of all files that the index names, each file read by `read`, in
/// the order of the files' names, with the metadata of the index and of all
/// files. Throws `std::runtime_error` unless index and files agree on every
/// tensor.
[[nodiscard]] Weights read_shards(
    const std::string& index,
    const std::function<Weights(const std::string& path)>& read);

/// Throws `std::runtime_error` for one of several shards, by its name or by an
/// index beside it: a chain may go on in the next one.
void refuse_single_shard(const std::string& path);

/// Throws `std::runtime_error` for weights of a file "own-00001.safetensors"
/// where the file of the number before or after it has no tensor of the same
/// name: a part, too. Checkpoints that are numbered by their steps have the
/// same names. `read` is as above.
void refuse_numbered_part(
    const std::string& path, const Weights& weights,
    const std::function<Weights(const std::string& path)>& read);

}  // namespace expandnet
