// checked_layer.h: the one layer of a file's factors, exact, cast and checked.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/passes/report.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// Throws, in the name of `caller`, for a dtype in which layers do not run.
void check_layer_dtype(const std::optional<at::ScalarType>& dtype,
                       const std::string& caller);

/// The one of these dtypes, each of which is listed once. Throws where there
/// are several, or one in which layers do not run. `owner` has them in the
/// message: "the factors of a chain".
at::ScalarType only_dtype(const std::vector<at::ScalarType>& dtypes,
                          const std::string& owner, const Site& site);

struct CheckedLayer {
  Affine exact;    ///< in fp64
  Affine compact;  ///< in its dtype
  LayerReport report;
};

/// Folds factors in fp64 and casts the fold, which is checked against the
/// factors over a probe input. Throws for factors that are not finite, for a
/// fold that leaves the range of the dtype, and for one beyond the tolerance.
CheckedLayer checked_layer(const Plan& plan, const std::vector<Affine>& factors,
                           at::ScalarType dtype, double tolerance,
                           const Site& site);

/// Throws, in the name of `site`, for a layer that leaves the range of its
/// dtype, as `check_in_range` says.
void check_contracted_range(const Affine& compact,
                            const std::function<Affine()>& exact,
                            const Site& site);

}  // namespace expandnet
