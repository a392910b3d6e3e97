// narrow.h: removes interior width that makes no difference under SGD.
//
// Let the inner factor be a matrix W1 [h, a], where a is its input width times
// its taps, with its bias as one more column, and the outer factor a matrix W2
// [b, h]. Let S be the space that the columns of W1 and the rows of W2 span.
// All gradients lie in S, and SGD moves the factors only along gradients. So
// with an orthonormal basis Q [h, h'] of S, the chain Q^T W1, W2 Q has the same
// fold at every step. This helps if an interior is wide and its neighbours are
// narrow: FC 512 -> 2048 -> 256 -> 64 keeps 769 of 2048.
//
// SGD's momentum, dampening, Nesterov and weight decay, a rate and a decay for
// each tensor, clipping by the total norm, accumulation and averaging commute
// with Q. Optimizers that treat each number separately (Adam, RMSprop) do not.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <vector>

namespace expandnet {

/// Returns the plan of the narrowed chain, which depends only on shapes. In
/// each group an interior keeps the width
///
///     h' = min(h, a + (1 if the inner factor has a bias) + b)
///
/// where a = input width * taps of the inner factor and b = output width * taps
/// of the outer one. Of two neighbouring interiors at most one narrows, so the
/// order in which they are narrowed does not matter. Each branch narrows
/// separately. An interior next to a factor that is fixed, adds an identity or
/// has groups of its own keeps its width.
[[nodiscard]] EXPANDNET_API Plan narrow(const Plan& plan);

/// A narrowed chain, and the bases that `widen` needs.
struct Narrowed {
  Plan plan;
  std::vector<Affine> factors;
  /// For each interior, branch after branch: [groups, h, h'] in fp64 on the
  /// CPU, with orthonormal columns; undefined if the whole width is kept.
  std::vector<at::Tensor> bases;
};

/// Returns the factors in the bases of their interiors. They fold to the same
/// layer. The bases are computed in fp64 on the CPU; factors are returned in
/// their dtype, on their device. Not differentiable.
///
/// Throws `c10::Error` as `check_factors` does.
[[nodiscard]] EXPANDNET_API Narrowed narrow(const Plan& plan,
                                            const std::vector<Affine>& factors);

/// Returns the factors of `plan`, the wide chain, from narrow factors, which
/// may have been trained since: W1 = Q W1', W2 = W2' Q^T. With the `bases` that
/// `narrow` returned, these are the factors that the wide chain would have. An
/// interior without a basis is padded with zeros, which gives the same factors
/// up to a rotation of this interior.
///
/// Throws `c10::Error` unless the factors have the shapes of `narrow(plan)`.
[[nodiscard]] EXPANDNET_API std::vector<Affine> widen(
    const Plan& plan, const std::vector<Affine>& factors,
    const std::vector<at::Tensor>& bases = {});

}  // namespace expandnet
