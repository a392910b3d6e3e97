// summary.h: the common part of the summaries of modules and of weight space.
#pragma once

#include <expandnet/passes/summary.h>

#include <unordered_set>

namespace expandnet {

/// Path of the row for all parameters without a chain.
inline constexpr const char* kOtherPath = "(other)";

/// Adds the row for all parameters of the model whose TensorImpl is not in
/// `covered`.
void add_other_parameters(const torch::nn::Module& model,
                          std::unordered_set<const void*> covered,
                          Summary& summary);

}  // namespace expandnet
