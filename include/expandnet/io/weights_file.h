// weights_file.h: the weights in a file, whatever its format.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// Whether names lose what wrappers of Python put into them.
enum class WrapperNames { kDropped, kKept };

/// The weights of a file, whose format its content tells: safetensors, Python's
/// `torch.save`, or an archive of LibTorch's `torch::save`, as this library's
/// checkpoints are. Of weights in several files `path` is the index, which ends
/// in .index.json, and all of them are read.
///
/// Tensors that share memory stand in safetensors once, the other names in the
/// metadata, as `safetensors.torch.save_model` leaves them: both are read.
///
/// In every format, names lose what wrappers put into them: "module." before
/// all of them (DataParallel), "_orig_mod." (torch.compile) and the parts of
/// FSDP, and "model." before all of them in a checkpoint whose weights stand at
/// "state_dict" (Lightning). `n_averaged`, the counter of AveragedModel, is
/// left out. `Weights::notes` says so, and `WrapperNames::kKept` leaves the
/// names as they are.
///
/// `key` is for checkpoints of Python, as in `read_pytorch`. Of a checkpoint of
/// this library's trainers the model is read and, in weight space, the factors
/// of its chains, as `<path>.chain.<i>`. If it holds a moving average of the
/// weights (--ema), that is read in their places: the key "model" leaves it
/// out.
///
/// Throws `std::runtime_error` as the readers of the formats do, for one of
/// several shards, for an index that its files do not agree with, and where an
/// average is of a layer whose chain is in the file, too: only
/// `read_trained_weights` gives both. Archives of `torch::save` are read by
/// LibTorch: take them from whom you trust.
///
///     for (const auto& [name, tensor] : read_weights("net.pth").tensors)
[[nodiscard]] Weights read_weights(const std::string& path,
                                   const std::string& key = "",
                                   WrapperNames names = WrapperNames::kDropped);

/// As `read_weights`, for weights that are to be contracted.
///
///     auto [weights, averages] = read_trained_weights("best.pt");
///     ContractWeightsOptions options;
///     options.averages = averages;
///     auto compact = contract_weights(weights, options);
[[nodiscard]] TrainedWeights read_trained_weights(
    const std::string& path, const std::string& key = "",
    WrapperNames names = WrapperNames::kDropped);

/// Writes safetensors, or where `path` ends in .pt or .pth, a state dict for
/// Python's `torch.load`. Throws as their writers do, and `c10::Error` for
/// another ending.
void write_weights(const Weights& weights, const std::string& path);

/// Whether `write_weights` knows a format for the ending of `path`.
[[nodiscard]] bool has_weights_ending(const std::string& path);

}  // namespace expandnet
