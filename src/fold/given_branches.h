// given_branches.h: the plan of branches whose factors are given.
//
// Options make the factors of a new chain. A file holds those of an old one,
// of this library or of another system. Both give the same kind of plan.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/factor_shape.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet {

/// A plan without branches, of a convolution with these groups and this kernel,
/// with stride 1 and without padding. The first branch sets its channels.
EXPANDNET_API Plan plan_without_branches(std::int64_t groups,
                                         std::vector<std::int64_t> kernel_size);

/// Adds a branch with these factors to the plan, whose layer gets a bias if one
/// of them has one. Returns what of it does not fit, for a message; "" if all
/// does. The plan is to be used only then, and after `set_order`.
EXPANDNET_API std::string add_given_branch(
    Plan& plan, const std::vector<FactorShape>& chain);

}  // namespace expandnet
