// walk.h: visits the modules of a model.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/expanded_layer.h>

#include <functional>
#include <string>
#include <vector>

namespace expandnet {

/// Calls `visit(path, module)` for the model (with path "") and all modules in
/// it. Each object is visited once, with the first path that leads to it.
EXPANDNET_API void walk(
    torch::nn::Module& model,
    const std::function<void(const std::string&, torch::nn::Module&)>& visit);

/// Path of the last module, in this order, that `is_one` holds for; "" for
/// none.
EXPANDNET_API std::string last_path(
    torch::nn::Module& model,
    const std::function<bool(const torch::nn::Module&)>& is_one);

struct LocatedLayer {
  std::string path;
  ExpandedLayer* layer;
};

/// Returns every expanded layer of the model, including contracted ones.
EXPANDNET_API std::vector<LocatedLayer> expanded_layers(
    torch::nn::Module& model);

}  // namespace expandnet
