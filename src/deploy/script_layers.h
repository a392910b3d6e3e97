// script_layers.h: the layers of a script, as those of LibTorch.
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace expandnet {

/// The class that a part of a script had in Python, without the numbers that
/// TorchScript puts into names: "torch.nn.modules.conv.Conv2d"; "" for none.
[[nodiscard]] std::string python_class_of(const torch::jit::Module& part);

/// A layer of LibTorch that holds the part's own tensors; null if the part is
/// no convolution or linear layer of torch.nn.
///
/// Stride, padding and the like are the script's where it says them. A traced
/// one does not; `groups` is then that of its graph.
[[nodiscard]] std::shared_ptr<torch::nn::Module> layer_of_script(
    const torch::jit::Module& part, std::int64_t groups);

/// Whether a part that `layer_of_script` does not take is a layer with a class
/// of its own: it has a weight of two dimensions or more, as subclasses of
/// torch.nn's convolutions and linear layers have.
[[nodiscard]] bool is_layer_of_its_own(const torch::jit::Module& part);

/// Whether the part says what its class fixes in Python, such as a
/// convolution's groups. Parts of traced modules do not.
[[nodiscard]] bool says_constant(const torch::jit::Module& part,
                                 const std::string& name);

}  // namespace expandnet
