// branch_factors.h: the factors of one branch, for one layer.
#pragma once

#include <expandnet/fold/plan.h>

namespace expandnet {

/// Adds the branch that is asked for, and its factors, to the plan, whose layer
/// is set. Throws for a branch that does not fit the layer.
void add_branch(Plan& plan, const Branch& asked,
                const ExpansionOptions& options, const Site& site);

}  // namespace expandnet
