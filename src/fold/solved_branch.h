// solved_branch.h: what kind of chain `factorize` solves for.
#pragma once

#include <expandnet/fold/plan.h>

namespace expandnet {

/// Whether `factorize` solves for a chain of several kernels (CK), which folds
/// to few weights exactly. Throws as `factorize` does for a sum of which no
/// branch can be solved for.
[[nodiscard]] bool is_solved_by_ck(const Plan& plan);

}  // namespace expandnet
