// read_weights.h: the weights in a file, whatever its format.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// The weights of a file, whose format its content tells: safetensors, Python's
/// `torch.save`, or an archive of LibTorch's `torch::save`, as this library's
/// checkpoints are.
///
/// `key` is for checkpoints of `torch.save`, as in `read_pytorch`. Of this
/// library's checkpoints it is the model and, in weight space, the factors of
/// its chains under `<path>.chain.<i>`.
///
/// Throws `std::runtime_error` for a file of another format and as the readers
/// of these do; for a checkpoint whose weights are a moving average too, as
/// only its own program can name them. An archive of `torch::save` is read by
/// LibTorch, and should come from where you trust.
///
///     for (const auto& [name, tensor] : read_weights("net.pth").tensors)
[[nodiscard]] Weights read_weights(const std::string& path,
                                   const std::string& key = "");

}  // namespace expandnet
