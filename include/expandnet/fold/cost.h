// cost.h: what a chain adds to a training step.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/plan.h>

#include <cstdint>

namespace expandnet {

/// Returns the multiply-adds of the products of one `fold`, in the plan's
/// order. They do not depend on the batch. Example: W = W3 W2 W1 with the
/// widths m -> h1 -> h2 -> n, composed from the output, takes n h2 h1 + n h1 m.
[[nodiscard]] EXPANDNET_API std::int64_t fold_multiply_adds(const Plan& plan);

/// Returns the multiply-adds that a chain adds to every update: those of one
/// fold and one `pull_back`, which has two products for each product of the
/// fold.
[[nodiscard]] EXPANDNET_API std::int64_t step_multiply_adds(const Plan& plan);

}  // namespace expandnet
