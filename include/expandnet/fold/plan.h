// plan.h: turns a layer and options into a list of factor shapes.
//
// Everything after the plan (initial values, fold, pull back, factorize,
// execution over feature maps) reads only this list and its division into
// branches. So a new strategy is one more case here and nothing else.
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

/// The chain of one branch: consecutive factors of a plan. If there is a scale,
/// it is the last factor: one number for each output channel, [out, 1, *1].
struct BranchShape {
  std::string name;       ///< "CL 3 -> 12 -> 32 -> 8", "1x1", "average"
  std::size_t first = 0;  ///< index of its first factor
  std::size_t count = 0;  ///< number of its factors
  std::size_t root = 0;   ///< node of its fold in the plan's order
  /// Kernel of its fold: no larger than the layer's, and centred in it.
  std::vector<std::int64_t> kernel_size;
  bool has_scale = false;
  /// The strategy of an FC, CL or CK chain; absent for factors of another kind.
  std::optional<Strategy> strategy;
  /// Initial values of its factors; absent: as in the options.
  std::optional<InitialValues> initial_values;
};

/// A compact layer and the factors that replace it, first factor first, branch
/// after branch. Call `set_order` after you change the factors.
struct EXPANDNET_API Plan {
  CompactLayer layer;
  Strategy strategy = Strategy::kFC;
  std::vector<FactorShape> factors;
  std::vector<Composition> order;     ///< the order of folding
  std::vector<BranchShape> branches;  ///< only one for a single chain

  [[nodiscard]] std::vector<std::int64_t> weight_sizes(std::size_t i) const;
  /// Number of trained parameters in all factors.
  [[nodiscard]] std::int64_t parameter_count() const;
  /// The widths from input to output: "3 -> 12 -> 32 -> 8". For several
  /// branches, their names: "3x3 + 1x1 + identity".
  [[nodiscard]] std::string widths() const;
  /// Whether the fold is that of a single chain, without a sum: there is one
  /// branch, with the kernel and the groups of the layer.
  [[nodiscard]] bool is_single_chain() const;
  /// Whether the shapes of the factors determine the plan: it is a single FC,
  /// CL or CK chain without a scale.
  [[nodiscard]] bool is_plain() const;
};

/// Sets the plan's order to the cheapest one, and the root of each branch.
EXPANDNET_API void set_order(Plan& plan);

/// Returns branch `i` as a plan of its own. Its layer has the kernel of the
/// branch, and a bias if one of its factors has one.
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
/// factor has a bias if the layer has one. In a transposed convolution only the
/// last factor has one, because a bias before a strided spatial factor cannot
/// be expressed as a bias of the compact layer.
///
/// The other strategies are sums of branches, each of which is planned in this
/// way.
///
/// Throws `c10::Error` for a layer that `check_layer` refuses, a strategy that
/// does not fit the layer, a rate that is not positive and finite, and a list
/// of widths that has the wrong length or is not divisible by groups. For
/// branches, also throws for an empty list, a branch that is larger than the
/// layer's kernel or cannot be centred in it, an identity of a layer whose
/// channels differ, a scale that is not finite, a layer with a bias that no
/// branch has, and several branches with an activation.
[[nodiscard]] EXPANDNET_API Plan plan(const CompactLayer& layer,
                                      const ExpansionOptions& options,
                                      const Site& site = {"plan", ""});

}  // namespace expandnet
