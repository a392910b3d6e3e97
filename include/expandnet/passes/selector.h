// selector.h: which layers of a model are expanded, and how.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/options.h>
#include <torch/nn/module.h>

#include <functional>
#include <optional>
#include <string>

namespace expandnet {

/// Decides how one layer (a Conv1d-3d, ConvTranspose1d-3d or Linear at `path`
/// in the model) is expanded; an empty optional leaves it compact.
using Selector = std::function<std::optional<ExpansionOptions>(
    const std::string& path, const torch::nn::Module& layer)>;

/// The paper's choice: CK for a kernel with a side above 3, CL for a side of 2
/// or 3, FC for linear layers except the model's last; 1x1 convolutions stay
/// compact. If `options` name a strategy, only layers that it fits are
/// expanded. A selector of your own may call this one:
///
///     auto usual = default_selector(*model, options);
///     expand(*model, [&](const std::string& path, const auto& layer) {
///       return path == "stem" ? std::nullopt : usual(path, layer);
///     });
[[nodiscard]] EXPANDNET_API Selector default_selector(
    torch::nn::Module& model, const ExpansionOptions& options = {});

}  // namespace expandnet
