// step_scale.h: how far a step on the factors moves the weight they fold to.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <cstdint>

namespace expandnet {

/// Returns the distance along the gradient that a step of SGD on the factors
/// moves the folded weight, relative to the distance that it moves the weight
/// of a compact layer at the same learning rate: 1 for a single factor. If you
/// divide the learning rate by this scale, a chain starts to train as fast as
/// its compact layer.
///
/// To first order a gradient G moves the weight by K G, where K = sum_i J_i
/// J_i^T and J_i is the derivative of the fold by factor i. (Arora et al. 2018,
/// "On the Optimization of Deep Networks: Implicit Acceleration by
/// Overparameterization", Theorem 1, gives K for a balanced chain of n
/// matrices: n s^(2 - 2/n) in the direction of each singular value s of the
/// weight.) The scale is the mean of K over all directions, trace(K) / numel,
/// estimated from `probes` vectors of random signs. The estimate is off by up
/// to a fifth for the smallest layers, by some percent for others, and exact if
/// the weight has no more numbers than there are probes. The vectors are the
/// same at each call. Computed in the factors' dtype.
///
/// It holds only for the present values of the factors, which training changes.
/// Biases are left out. Factors of zero give 0. Throws `c10::Error` as
/// `check_factors` does, and for fewer probes than one.
[[nodiscard]] EXPANDNET_API double mean_step_scale(
    const Plan& plan, const std::vector<Affine>& factors,
    std::int64_t probes = 4);

/// Returns the largest eigenvalue of K: the same scale in the direction in
/// which the weight moves farthest, which limits the learning rate.
/// Approximated from below by `iterations` of the power method, each of which
/// costs as much as the pull back and one fold per factor.
///
/// Throws `c10::Error` as `check_factors` does, and for fewer iterations than
/// one.
[[nodiscard]] EXPANDNET_API double largest_step_scale(
    const Plan& plan, const std::vector<Affine>& factors,
    std::int64_t iterations = 20);

}  // namespace expandnet
