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
  /// Sweeps over all factors, each solved once, if one solve is not exact.
  std::int64_t sweeps = 20;
  /// Conjugate gradient steps per solve.
  std::int64_t steps = 200;
  /// From the third sweep on, give up where those left, at the rate of the last
  /// one, would not bring the residual down to this; 0: go on.
  double needed = 0;
};

struct Factorization {
  std::vector<Affine> factors;
  /// |fold(factors).weight - weight| / |weight|, Frobenius norms, of the fp64
  /// factors before they are rounded to their dtype; of several branches,
  /// after.
  double residual = 0;
};

/// Returns a chain that folds to `compact`: the function of a trained layer is
/// kept while its training goes on expanded.
///
/// The outer factors are random and well conditioned (orthonormal where they
/// have one tap), one factor in the middle is solved for by least squares, and
/// the norms of all are balanced so that every factor learns. Exact for FC and
/// CL when the interior widths leave room, as any rate of at least 1 does; CK,
/// and chains narrower than the layer, alternate over the factors until the
/// residual is at the tolerance or the sweeps are spent. The bias goes to the
/// last factor. Of several branches one is solved for, the others start as new
/// ones do: the first that folds to any weight (a kernel, or FC and CL with
/// room), else the first with the layer's kernel and groups. Computed in fp64;
/// factors are returned in the dtype of `compact`, float at least, on its
/// device.
///
/// Throws `c10::Error` when `compact` has not the layer's shapes, holds numbers
/// that are not finite, or has a bias that no factor can hold, and for branches
/// of which none can hold every weight.
[[nodiscard]] EXPANDNET_API Factorization
factorize(const Plan& plan, const Affine& compact,
          const FactorizeOptions& options = {},
          const std::optional<at::Generator>& generator = std::nullopt);

}  // namespace expandnet
