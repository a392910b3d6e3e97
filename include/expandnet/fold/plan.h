// plan.h: (layer, options) becomes a list of factor shapes.
//
// Everything after the plan (initial values, fold, pull back, factorize,
// execution over feature maps) reads only this list: a new strategy is one more
// case here and nothing else.
#pragma once

#include <expandnet/fold/factor_shape.h>
#include <expandnet/fold/layer.h>
#include <expandnet/fold/options.h>
#include <expandnet/fold/order.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// A compact layer and the chain that replaces it, first factor first. Whoever
/// makes one without `plan` has to set `order` to `cheapest_order(factors)`.
struct Plan {
  CompactLayer layer;
  Strategy strategy = Strategy::kFC;
  std::vector<FactorShape> factors;
  std::vector<Composition> order;  ///< in which the chain is folded

  [[nodiscard]] std::vector<std::int64_t> weight_sizes(std::size_t i) const;
  /// Numbers in all factors.
  [[nodiscard]] std::int64_t parameter_count() const;
  /// The widths from input to output: "3 -> 12 -> 32 -> 8".
  [[nodiscard]] std::string widths() const;
};

/// The paper's choice: CK for a kernel with a side above 3, CL for one with a
/// side of 2 or 3, FC for a linear layer, nothing for 1x1.
[[nodiscard]] std::optional<Strategy> default_strategy(
    const CompactLayer& layer);

/// Returns the chain that `options` ask for (paper, Sec. 3; m -> n channels,
/// rate r):
///
///     FC  m -> rm -> rn -> n             depth d: rm, then rn ... rn
///     CL  m -1x1-> rm -kxk-> rn -1x1-> n
///     CK  m -3x3-> rm -3x3-> rn ... -> n  as many 3x3 as the kernel needs
///
/// Interior widths are rounded to a multiple of groups, at least one channel a
/// group. CK splits each side by itself into 3s, and one 2 for an even side, so
/// that 7x7, 5x3, 1x7 and 4x4 all work. Stride sits on the kxk factor (CL) or
/// on the last (CK), for transposed convolutions on the first (CK). Every
/// factor has a bias if the layer has one; of a transposed convolution only the
/// last, as a bias in front of a strided spatial factor is no bias of the
/// compact layer.
///
/// Throws `c10::Error` for a layer that `check_layer` refuses, a strategy that
/// does not fit the layer, a rate that is not positive and finite, and a list
/// of widths of the wrong length or not divisible by groups.
[[nodiscard]] Plan plan(const CompactLayer& layer,
                        const ExpansionOptions& options,
                        const Site& site = {"plan", ""});

}  // namespace expandnet
