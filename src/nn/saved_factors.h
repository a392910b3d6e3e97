// saved_factors.h: whether an archive holds the factors of a plan.
#pragma once

#include <expandnet/fold/plan.h>
#include <torch/serialize/input-archive.h>

#include <string>

namespace expandnet {

/// Throws `c10::Error`, in the name of load, unless the factors in a chain's
/// archive have the sizes of the plan: LibTorch gives a parameter what the
/// archive holds, of whatever size. `path` is the chain's in the model.
void check_saved_factors(const Plan& plan,
                         torch::serialize::InputArchive& archive,
                         const std::string& path);

}  // namespace expandnet
