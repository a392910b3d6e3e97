// layer_work.h: counts the work of a plain model's layers in a forward pass.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <unordered_map>

namespace expandnet {

/// Multiply-adds of every convolution and linear layer that can be expanded, in
/// one forward pass, by the TensorImpl of the layer's weight. Runs of a layer
/// that runs several times add up.
using LayerWork = std::unordered_map<const void*, std::int64_t>;

/// Runs `forward` and counts the work of the layers of `model`, for the batch
/// and sizes that `forward` uses. Observes LibTorch's operators on this thread;
/// changes nothing.
LayerWork layer_work(torch::nn::Module& model,
                     const std::function<void()>& forward);

}  // namespace expandnet
