// step_scale.h: how far a step on the factors moves the weight they fold to.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <cstdint>

namespace expandnet {

/// Returns how much farther along the gradient a step of SGD on the factors
/// moves the folded weight than the same step, at the same learning rate, moves
/// a weight of its own: 1 for a single factor. Divide the learning rate by it,
/// and a chain begins to train at the compact layer's pace.
///
/// To first order a gradient G moves the weight by K G, where K = sum_i J_i
/// J_i^T and J_i is the derivative of the fold by factor i. (Arora et al. 2018,
/// "On the Optimization of Deep Networks: Implicit Acceleration by
/// Overparameterization", Theorem 1, gives K of a balanced chain of matrices:
/// of a weight with the singular values s, in a chain of n factors, n s^(2 -
/// 2/n) in the direction of each.) This is K's mean over all directions,
/// trace(K) / numel, from `probes` of random signs: off by up to a fifth for
/// the smallest layers, by some percent for others, and exact if the weight has
/// no more numbers than there are probes. The draw is the same at each call.
/// Computed in the factors' dtype.
///
/// It holds for the values that the factors have, which training changes, and
/// for the weight: biases are left out. Factors of zero give 0. Throws
/// `c10::Error` as `check_factors` does, and for fewer probes than one.
[[nodiscard]] EXPANDNET_API double mean_step_scale(
    const Plan& plan, const std::vector<Affine>& factors,
    std::int64_t probes = 4);

/// Returns K's largest eigenvalue: how much farther the weight moves in the
/// direction in which it moves farthest, which is what limits the learning
/// rate. From below, by `iterations` of the power method, each of which costs
/// as much as the pull back and one fold per factor.
///
/// Throws `c10::Error` as `check_factors` does, and for fewer iterations than
/// one.
[[nodiscard]] EXPANDNET_API double largest_step_scale(
    const Plan& plan, const std::vector<Affine>& factors,
    std::int64_t iterations = 20);

}  // namespace expandnet
