// weights_file.h: reads and writes weights in any supported format.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// Whether to drop the parts that Python's wrappers add to names.
enum class WrapperNames { kDropped, kKept };

/// Reads the weights of a file. The content tells the format: safetensors,
/// Python's `torch.save`, or LibTorch's `torch::save`, which this library's
/// checkpoints also use. For weights in several files, `path` is the index,
/// whose name ends in .index.json, and all files are read.
///
/// safetensors stores tensors that share memory once and lists the other names
/// in the metadata, as `safetensors.torch.save_model` does; both names are
/// read.
///
/// In every format, parts of names that wrappers add are dropped: the prefix
/// "module." if all names have it (DataParallel), "_orig_mod." (torch.compile),
/// the parts of FSDP, and, if the weights are at "state_dict" (Lightning), the
/// prefix "model." if all names have it. `n_averaged`, the counter of
/// AveragedModel, is left out. `Weights::notes` says what was dropped;
/// `WrapperNames::kKept` leaves the names as they are.
///
/// `key` selects a part of a Python checkpoint, as in `read_pytorch`. From a
/// checkpoint of this library's trainers, the model is read and, in weight
/// space, the factors of its chains as `<path>.chain.<i>`. If the checkpoint
/// has a moving average of the weights (--ema), the average is read instead of
/// them; the key "model" reads the weights themselves.
///
/// Throws `std::runtime_error` as the readers of the formats do, for a single
/// shard of several, for an index that disagrees with its files, and if the
/// file has both a chain and an average of the same layer: only
/// `read_trained_weights` returns both. LibTorch itself reads archives of
/// `torch::save`: read them only from sources that you trust.
///
///     for (const auto& [name, tensor] : read_weights("net.pth").tensors)
[[nodiscard]] EXPANDNET_API Weights
read_weights(const std::string& path, const std::string& key = "",
             WrapperNames names = WrapperNames::kDropped);

/// Like `read_weights`, for weights that are to be contracted.
///
///     auto [weights, averages] = read_trained_weights("best.pt");
///     ContractWeightsOptions options;
///     options.averages = averages;
///     auto compact = contract_weights(weights, options);
[[nodiscard]] EXPANDNET_API TrainedWeights
read_trained_weights(const std::string& path, const std::string& key = "",
                     WrapperNames names = WrapperNames::kDropped);

/// Writes safetensors or, if `path` ends in .pt or .pth, a state dict for
/// Python's `torch.load`. Throws as the writers of the formats do, and
/// `c10::Error` for any other ending.
EXPANDNET_API void write_weights(const Weights& weights,
                                 const std::string& path);

/// Whether `write_weights` has a format for the ending of `path`.
[[nodiscard]] EXPANDNET_API bool has_weights_ending(const std::string& path);

}  // namespace expandnet
