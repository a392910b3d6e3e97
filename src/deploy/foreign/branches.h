// branches.h: what a foreign block computes, as a sum of branches.
//
// A block of another system is a sum like those of fold/branch.h: its layers
// are factors, and a BatchNorm in evaluation mode is a factor of one scale and
// one bias for each channel. What stands behind a sum stands behind each of its
// branches. What pads the input comes before all factors, so that a bias among
// them also stands in the border.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>
#include <expandnet/fold/site.h>
#include <expandnet/passes/fixed_batch_norm.h>

#include <cstdint>
#include <vector>

namespace expandnet {

/// One layer of a block, two-dimensional and of stride 1.
struct BlockFactor {
  FactorShape shape;
  Affine values;  ///< weight [out, in / groups, h, w], in fp64
};
/// Factors one after the other; at least one.
using BlockBranch = std::vector<BlockFactor>;
/// Branches that are added up; at least one. Smaller kernels stand at the
/// centre of the largest.
using BlockSum = std::vector<BlockBranch>;

/// A convolution; `bias` may be undefined.
[[nodiscard]] BlockFactor kernel_factor(at::Tensor weight, at::Tensor bias,
                                        std::int64_t groups);
/// The same, not trained.
[[nodiscard]] BlockFactor fixed_factor(at::Tensor weight, std::int64_t groups);
/// A number for each channel: scales [C].
[[nodiscard]] BlockFactor scale_factor(const at::Tensor& scales);
/// A BatchNorm in evaluation mode.
[[nodiscard]] BlockFactor norm_factor(const FixedBatchNorm& norm);
/// The mean over a square of `side` pixels, each channel by itself.
[[nodiscard]] BlockFactor average_factor(std::int64_t channels,
                                         std::int64_t side);
[[nodiscard]] BlockFactor identity_factor(std::int64_t channels);

/// The sum with the factor behind it: behind each branch, with its bias behind
/// the first only.
[[nodiscard]] BlockSum followed_by(BlockSum sum, const BlockFactor& factor);

/// A block as the fold takes it.
struct PlannedBlock {
  Plan plan;
  std::vector<Affine> factors;
};

/// The plan of a sum, whose layer has the groups of the coarsest factor, the
/// sides of the largest branch, and zeros at its borders. Throws `c10::Error`,
/// in the name of `site`, where the shapes of the factors do not fit.
[[nodiscard]] PlannedBlock planned(const BlockSum& sum, const Site& site);

}  // namespace expandnet
