#include <expandnet/passes/verify.h>

#include "passes/check.h"

namespace expandnet {

ContractionReport verify(torch::nn::Module& model,
                         const VerifyOptions& options) {
  return check_all(model, options, "verify").report;
}

}  // namespace expandnet
