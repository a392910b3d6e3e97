// summary.h: what summaries of modules and of weight space share.
#pragma once

#include <expandnet/passes/summary.h>

#include <unordered_set>

namespace expandnet {

/// The path of the row of all parameters without a chain.
inline constexpr const char* kOtherPath = "(other)";

/// Adds the row of all parameters of the model that are not `covered`, by the
/// addresses of their TensorImpl.
void add_other_parameters(const torch::nn::Module& model,
                          std::unordered_set<const void*> covered,
                          Summary& summary);

}  // namespace expandnet
