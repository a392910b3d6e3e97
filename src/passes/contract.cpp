#include <expandnet/passes/contract.h>

#include "passes/check.h"

namespace expandnet {

ContractionReport contract(torch::nn::Module& model,
                           const VerifyOptions& options) {
  auto checked = check_all(model, options, "contract");
  for (std::size_t i = 0; i < checked.layers.size(); ++i) {
    checked.layers[i]->contract(checked.contracted[i]);
  }
  return std::move(checked.report);
}

}  // namespace expandnet
