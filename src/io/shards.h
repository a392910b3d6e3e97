// shards.h: weights in several files with an index.
//
// Large nets are saved in this way: model-00001-of-00002.safetensors and so on,
// and model.safetensors.index.json, whose weight_map gives the file of each
// tensor.
#pragma once

#include <expandnet/io/weights.h>

#include <functional>
#include <string>

namespace expandnet {

/// Whether the path is that of an index, judged by its ending: .index.json,
/// .index.fp16.json or similar.
[[nodiscard]] bool is_shard_index(const std::string& path);

/// Returns the tensors of all files in the index, each read by `read`, in the
/// order of the files' names, with the metadata of the index and of all files.
/// Throws `std::runtime_error` unless index and files agree on every tensor.
[[nodiscard]] Weights read_shards(
    const std::string& index,
    const std::function<Weights(const std::string& path)>& read);

/// Throws `std::runtime_error` for one of several shards, which its name or an
/// index in its folder shows: a chain may continue in the next shard.
void refuse_single_shard(const std::string& path);

/// Throws `std::runtime_error` for weights of a numbered file such as
/// "own-00001.safetensors" if the file with the previous or next number has
/// only other tensors: then it is a part as well. Checkpoints that are numbered
/// by step have the same tensors. `read` is as above.
void refuse_numbered_part(
    const std::string& path, const Weights& weights,
    const std::function<Weights(const std::string& path)>& read);

}  // namespace expandnet
