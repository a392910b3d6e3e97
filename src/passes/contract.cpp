#include <expandnet/passes/contract.h>

#include "passes/check.h"

namespace expandnet {

ContractionReport contract(torch::nn::Module& model,
                           const VerifyOptions& options) {
  auto checked = check_all(model, options, "contract");
  for (const auto& [layer, compact] : checked.layers) layer->contract(compact);
  return std::move(checked.report);
}

}  // namespace expandnet
