#include <expandnet/fold/step_scale.h>
#include <expandnet/passes/step_scales.h>

#include "passes/chained_layer.h"
#include "passes/check.h"
#include "passes/walk.h"

namespace expandnet {

StepScale step_scale(const ChainedLayer& layer) {
  const auto& chain = *layer.chain;
  return {layer.path, mean_step_scale(chain.plan(), chain.factors()),
          chain.parameters()};
}

std::vector<StepScale> step_scales(torch::nn::Module& model) {
  std::vector<StepScale> scales;
  for (const auto& [path, layer] : expanded_layers(model)) {
    if (layer->is_contracted()) continue;
    const auto chained = chained_layer(path, *layer);
    if (chained.chain->options().activation()) continue;
    scales.push_back(step_scale(chained));
  }
  return scales;
}

}  // namespace expandnet
