#include <expandnet/fold/plan.h>
#include <expandnet/passes/selector.h>
#include <torch/nn/modules/linear.h>

#include "fold/presets.h"
#include "passes/target.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

std::string last_linear(torch::nn::Module& model) {
  std::string last;
  walk(model, [&](const std::string& path, torch::nn::Module& module) {
    if (module.as<torch::nn::LinearImpl>() != nullptr) last = path;
  });
  return last;
}

}  // namespace

Selector default_selector(torch::nn::Module& model,
                          const ExpansionOptions& options) {
  return
      [options, last = last_linear(model)](
          const std::string& path,
          const torch::nn::Module& module) -> std::optional<ExpansionOptions> {
        const auto layer = describe_module(module, {"expand", path});
        if (!layer) return std::nullopt;
        if (layer->kernel_size.empty() && path == last) return std::nullopt;
        const auto strategy =
            options.branches() ? Strategy::kBranches : options.strategy();
        if (strategy ? !fits(*strategy, *layer) : !default_strategy(*layer)) {
          return std::nullopt;
        }
        return options;
      };
}

}  // namespace expandnet
