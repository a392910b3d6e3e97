// factorize.h: a weight becomes a chain that folds back to it.
#pragma once

#include <ATen/core/Generator.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet {

struct FactorizeOptions {
  /// Stop when the relative residual is at or below this.
  double tolerance = 1e-14;
  /// Largest number of sweeps, each of which solves for every factor once. Only
  /// used if a single solve is not exact.
  std::int64_t sweeps = 20;
  /// Conjugate gradient steps per solve.
  std::int64_t steps = 200;
  /// From the third sweep on, give up if the remaining sweeps, at the rate of
  /// the last one, would not reduce the residual to this value. 0: never give
  /// up.
  double needed = 0;
};

struct Factorization {
  std::vector<Affine> factors;
  /// |fold(factors).weight - weight| / |weight| in Frobenius norms, for the
  /// fp64 factors before they are rounded to their dtype; for several branches,
  /// after.
  double residual = 0;
};

/// Returns a chain that folds to `compact`, so that training can continue with
/// a chain from the function of a trained layer.
///
/// The outer factors are random and well conditioned (orthonormal if they have
/// one tap). One factor in the middle is solved for by least squares. The norms
/// of all factors are then balanced, so that every factor learns. This is exact
/// for FC and CL if the interior widths are large enough, as with any rate of
/// at least 1. For CK, and for chains narrower than the layer, it alternates
/// over the factors until the residual is within the tolerance or all sweeps
/// are done. The bias goes to the last factor.
///
/// Of several branches, only one is solved for: the first that can represent
/// any weight (a kernel, or FC and CL that are wide enough), else the first
/// with the layer's kernel and groups. The others get initial values as in a
/// new chain. Computed in fp64; factors are returned in the dtype of `compact`,
/// at least float, on its device.
///
/// Throws `c10::Error` if `compact` does not have the layer's shapes, has
/// numbers that are not finite, or has a bias that no factor can hold, and if
/// no branch can represent every weight.
[[nodiscard]] EXPANDNET_API Factorization
factorize(const Plan& plan, const Affine& compact,
          const FactorizeOptions& options = {},
          const std::optional<at::Generator>& generator = std::nullopt);

}  // namespace expandnet
