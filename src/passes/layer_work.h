// layer_work.h: what the layers of a plain model do in a forward pass.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <unordered_map>

namespace expandnet {

/// Multiply-adds of a forward pass by the TensorImpl of the layer's weight, of
/// every convolution and linear layer that can be expanded. A layer that runs
/// several times counts as often.
using LayerWork = std::unordered_map<const void*, std::int64_t>;

/// Runs `forward` and counts, of whatever batch and sizes it gives them, what
/// the layers of `model` do. LibTorch's operators are watched on this thread;
/// nothing is changed.
LayerWork layer_work(torch::nn::Module& model,
                     const std::function<void()>& forward);

}  // namespace expandnet
