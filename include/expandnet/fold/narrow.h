// narrow.h: interior width that SGD cannot tell apart is removed.
//
// Between an inner factor, a matrix W1 [h, a] of its input width times its taps
// with its bias as one more column, and an outer factor W2 [b, h], the interior
// matters only through the space S that the columns of W1 and the rows of W2
// span: gradients lie in it, and SGD moves the factors along gradients only. In
// an orthonormal basis Q [h, h'] of S the chain Q^T W1, W2 Q has the same fold,
// and keeps it at every step. It pays where an interior is wide between narrow
// neighbours: FC 512 -> 2048 -> 256 -> 64 keeps 769 of 2048.
//
// SGD's momentum, dampening, Nesterov and weight decay, a rate and a decay for
// each tensor, clipping by the total norm, accumulation and averaging commute
// with Q. Optimizers that treat each number by itself (Adam, RMSprop) do not.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <vector>

namespace expandnet {

/// Returns the plan of the narrowed chain, a formula of shapes: an interior
/// keeps, in each group,
///
///     h' = min(h, a + (1 if the inner factor has a bias) + b)
///
/// where a = width * taps into the inner factor and b = width * taps out of the
/// outer one. Of two neighbouring interiors at most one narrows, so that the
/// order in which they are looked at does not matter. Branches narrow one by
/// one; interiors beside a factor that is fixed, adds an identity or has groups
/// of its own stay as they are.
[[nodiscard]] EXPANDNET_API Plan narrow(const Plan& plan);

/// A narrowed chain, and the way back.
struct Narrowed {
  Plan plan;
  std::vector<Affine> factors;
  /// Of each interior, branch after branch, [groups, h, h'] in fp64 on the CPU,
  /// with orthonormal columns; undefined where the whole width is kept.
  std::vector<at::Tensor> bases;
};

/// Returns the factors in the bases of their interiors. They fold to the same
/// layer. The bases are computed in fp64 on the CPU; factors are returned in
/// their dtype, on their device. Not differentiable.
///
/// Throws `c10::Error` as `check_factors` does.
[[nodiscard]] EXPANDNET_API Narrowed narrow(const Plan& plan,
                                            const std::vector<Affine>& factors);

/// Returns narrow factors as those of `plan`, the wide chain, trained or not:
/// W1 = Q W1', W2 = W2' Q^T. With the `bases` that `narrow` has returned they
/// are the factors that the wide chain would have; an interior without a basis
/// is padded with zeros, which gives them up to a rotation of that interior.
///
/// Throws `c10::Error` unless the factors are those of `narrow(plan)`.
[[nodiscard]] EXPANDNET_API std::vector<Affine> widen(
    const Plan& plan, const std::vector<Affine>& factors,
    const std::vector<at::Tensor>& bases = {});

}  // namespace expandnet
