// saved_chain.h: whether an archive holds the chain of a plan.
#pragma once

#include <expandnet/fold/plan.h>
#include <torch/serialize/input-archive.h>

#include <string>

namespace expandnet {

/// Throws `c10::Error`, in the name of load, unless the archive of a chain has
/// the plan's branches, and factors of its sizes: LibTorch gives a parameter
/// what the archive holds, of whatever size. `path` is the chain's in the
/// model.
void check_saved_chain(const Plan& plan,
                       torch::serialize::InputArchive& archive,
                       const std::string& path);

}  // namespace expandnet
