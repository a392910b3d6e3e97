// chain_shapes.h: the plan of a chain of which only the weights are known.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet {

using Shape = std::vector<std::int64_t>;

/// What a file tells of a factor.
struct FactorInFile {
  Shape weight;
  bool bias = false;
};

/// What the tensors of factors tell.
std::vector<FactorInFile> shapes_of(const std::vector<Affine>& factors);

/// The plan whose factors have these shapes [out, in / groups, *kernel], with
/// stride 1 and no padding, on which folding does not depend. Nothing if they
/// make no chain: FC of any depth, CL, or CK.
std::optional<Plan> plan_of_shapes(const std::vector<FactorInFile>& factors,
                                   bool transposed);

/// Whether its widths are what a rate above 1 gives, with or without the
/// exception of the paper's CIFAR nets, whose first factor keeps the channels.
/// Plain layers that happen to follow each other are not.
bool is_expanded_by_a_rate(const Plan& plan);

}  // namespace expandnet
