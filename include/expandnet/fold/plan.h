// plan.h: (layer, options) becomes a list of factor shapes.
//
// Everything after the plan (initial values, fold, pull back, factorize,
// execution over feature maps) reads only this list, and which of its factors
// make a branch: a new strategy is one more case here and nothing else.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/factor_shape.h>
#include <expandnet/fold/layer.h>
#include <expandnet/fold/options.h>
#include <expandnet/fold/order.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// The chain of one branch: consecutive factors of a plan. A scale is the last
/// of them: one number for each output channel, [out, 1, *1].
struct BranchShape {
  std::string name;       ///< "CL 3 -> 12 -> 32 -> 8", "1x1", "average"
  std::size_t first = 0;  ///< its first factor
  std::size_t count = 0;  ///< of factors
  std::size_t root = 0;   ///< the node of the plan's order that is its fold
  /// Of its fold, no larger than the layer's, at whose centre it stands.
  std::vector<std::int64_t> kernel_size;
  bool has_scale = false;
  /// Of an FC, CL or CK chain; absent: factors of another kind.
  std::optional<Strategy> strategy;
  /// Where its factors start; absent: as the options say.
  std::optional<InitialValues> initial_values;
};

/// A compact layer and the factors that replace it, first factor first, branch
/// after branch. Whoever changes the factors of one has to call `set_order`.
struct EXPANDNET_API Plan {
  CompactLayer layer;
  Strategy strategy = Strategy::kFC;
  std::vector<FactorShape> factors;
  std::vector<Composition> order;     ///< in which the chains are folded
  std::vector<BranchShape> branches;  ///< of a single chain, the one

  [[nodiscard]] std::vector<std::int64_t> weight_sizes(std::size_t i) const;
  /// Numbers in all factors that are trained.
  [[nodiscard]] std::int64_t parameter_count() const;
  /// The widths from input to output: "3 -> 12 -> 32 -> 8". Of several
  /// branches, their names: "3x3 + 1x1 + identity".
  [[nodiscard]] std::string widths() const;
  /// Whether the fold is that of the one chain, without a sum: one branch with
  /// the kernel and the groups of the layer.
  [[nodiscard]] bool is_single_chain() const;
  /// Whether shapes tell all: an FC, CL or CK chain, alone and without a scale.
  [[nodiscard]] bool is_plain() const;
};

/// Sets the plan's order, and the root of each branch, to the cheapest.
EXPANDNET_API void set_order(Plan& plan);

/// Returns branch `i` as a plan of its own, of the layer that the branch is:
/// with its kernel, and a bias if one of its factors has.
[[nodiscard]] EXPANDNET_API Plan plan_of_branch(const Plan& plan,
                                                std::size_t i);

/// The paper's choice: CK for a kernel with a side above 3, CL for one with a
/// side of 2 or 3, FC for a linear layer, nothing for 1x1.
[[nodiscard]] EXPANDNET_API std::optional<Strategy> default_strategy(
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
/// The other strategies are sums of branches, each planned in this way.
///
/// Throws `c10::Error` for a layer that `check_layer` refuses, a strategy that
/// does not fit the layer, a rate that is not positive and finite, a list of
/// widths of the wrong length or not divisible by groups; for no branches, a
/// branch that is larger than the layer's kernel or not at its centre, an
/// identity of a layer whose channels differ, a scale that is not finite, a
/// layer with a bias that no branch has, and several branches with an
/// activation.
[[nodiscard]] EXPANDNET_API Plan plan(const CompactLayer& layer,
                                      const ExpansionOptions& options,
                                      const Site& site = {"plan", ""});

}  // namespace expandnet
