// drawn_values.h: random factors, branch by branch.
#pragma once

#include <ATen/core/Generator.h>
#include <c10/core/TensorOptions.h>
#include <expandnet/fold/fold.h>

#include <optional>
#include <vector>

namespace expandnet {

/// Every factor as its branch says, or the options where that says nothing;
/// `kPreserving` counts as `kDefault`.
std::vector<Affine> drawn_values(const Plan& plan,
                                 const ExpansionOptions& options,
                                 const at::TensorOptions& tensor_options,
                                 const std::optional<at::Generator>& generator);

}  // namespace expandnet
