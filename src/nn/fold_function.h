// fold_function.h: fold as an autograd function.
#pragma once

#include <expandnet/fold/fold.h>

#include <memory>
#include <vector>

namespace expandnet {

/// Returns the folded weight and bias; their backward is `pull_back`. Saves
/// only tensors of the size of weights for the backward pass, never of the size
/// of a feature map. Twice differentiable (`create_graph`).
Affine fold_with_gradient(std::shared_ptr<const Plan> plan,
                          const std::vector<Affine>& factors);

}  // namespace expandnet
