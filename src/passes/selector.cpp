#include <expandnet/fold/plan.h>
#include <expandnet/passes/selector.h>
#include <torch/nn/modules/linear.h>

#include "fold/presets.h"
#include "passes/target.h"
#include "passes/walk.h"

namespace expandnet {

Selector default_selector(torch::nn::Module& model,
                          const ExpansionOptions& options) {
  const auto is_linear = [](const torch::nn::Module& module) {
    return module.as<torch::nn::LinearImpl>() != nullptr;
  };
  return
      [options, last = last_path(model, is_linear)](
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
