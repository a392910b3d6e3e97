// fold_function.h: fold as an operation that autograd knows.
#pragma once

#include <expandnet/fold/fold.h>

#include <memory>
#include <vector>

namespace expandnet {

/// The folded weight and bias, whose backward is `pull_back`. Keeps only
/// weight-sized tensors alive, never one of the size of a feature map. Twice
/// differentiable (`create_graph`).
Affine fold_with_gradient(std::shared_ptr<const Plan> plan,
                          const std::vector<Affine>& factors);

}  // namespace expandnet
