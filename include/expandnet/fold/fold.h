// fold.h: a chain of linear layers becomes one again.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/plan.h>

#include <vector>

namespace expandnet {

/// A linear layer's numbers: a factor of a chain, a compact layer, or the
/// gradient of either.
struct Affine {
  at::Tensor weight;
  at::Tensor bias;  ///< [out]; undefined when the layer has none
};

/// The compact layer that a chain computes, with the partial products that
/// `pull_back` reuses.
struct Folded {
  at::Tensor weight;  ///< LibTorch's shape; strides as the products left them
  at::Tensor bias;    ///< [out]; undefined when no factor has one

  /// Kernels [groups, out, taps, in] and biases [groups, out] (undefined if
  /// there is none) of every factor, then of every composition, then, unless
  /// the plan is a single chain, of the sum of the branches.
  std::vector<at::Tensor> kernels;
  std::vector<at::Tensor> biases;
};

/// Returns the one layer that computes what the chain computes (paper, Sec. 3).
/// For factors w1, b1 ... wl, bl:
///
///     (w2 o w1)[o, i, t] = sum_m sum_{a+b=t} w2[o, m, a] w1[m, i, b]
///     b <- (sum_taps w2) b + b2
///
/// within each group, in the association order that needs the fewest
/// multiplications. Several branches give the sum of their kernels, each
/// centred in the layer's, and the sum of their biases. A factor with groups of
/// its own is composed group by group. Exact for every stride, dilation and
/// padding mode of the plan. Differentiable in every factor, any number of
/// times. Computed in the factors' dtype (float for half precision), without
/// TF32 and autocast. Factors whose memory is channels_last need no copies.
///
/// Throws `c10::Error` as `check_factors` does.
[[nodiscard]] EXPANDNET_API Folded fold(const Plan& plan,
                                        const std::vector<Affine>& factors);

/// Throws `c10::Error` unless there is one factor for each shape of the plan,
/// with this shape, and with a bias exactly if the plan gives it one. All
/// factors must have one floating-point dtype and be on one device.
EXPANDNET_API void check_factors(const Plan& plan,
                                 const std::vector<Affine>& factors,
                                 const Site& site = {"fold", ""});

}  // namespace expandnet
