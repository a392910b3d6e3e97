// options.h: how a compact layer is to be expanded.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/branch.h>
#include <torch/arg.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace expandnet {

/// The replacement of a compact layer: a chain (paper, Sec. 3), or, for a
/// convolution with odd sides, a sum of branches (fold/branch.h). Each of these
/// branches has a learned scale for each output channel; the numbers below are
/// its initial values.
enum class Strategy {
  kFC,  ///< a linear layer by a chain of linear layers
  kCL,  ///< a convolution by 1x1, kxk, 1x1
  kCK,  ///< a convolution with a side above 3 by a chain of 3x3
  /// OREPA (Hu et al. 2022): kxk .25, average .25, cosine prior 0, 1x1 - kxk
  /// .5, 1x1 1, depthwise-separable of width 8 .5. Learned factors are drawn
  /// uniformly in +-sqrt(6 / fan_in).
  kOREPA,
  /// ACNet (Ding et al. 2019): kxk 1, and for each side above 1 the kernel that
  /// has only this side, 1xk 1 and kx1 1.
  kACB,
  kRep,       ///< RepVGG (Ding et al. 2021): kxk 1, 1x1 1, identity 1 where the
              ///< channels of input and output agree
  kCLSkip,    ///< CL 1, and identity 1 where the channels agree, else 1x1 1
  kCKRep,     ///< CK 1, 1x1 1, identity 1 where the channels agree
  kBranches,  ///< the branches in the options
};

/// "FC", "CL", "CK", "orepa", "acb", "rep", "cl+skip", "ck+rep" or "branches".
[[nodiscard]] EXPANDNET_API const char* name(Strategy strategy);

/// The strategies that are sums of branches by name: kOREPA, kACB, kRep,
/// kCLSkip and kCKRep.
[[nodiscard]] EXPANDNET_API const std::vector<Strategy>& branch_strategies();

/// Initial values of the factors of a new chain.
enum class InitialValues {
  kDefault,  ///< LibTorch's default for every factor (the paper's CIFAR nets)
  kMatched,  ///< the same, scaled so that the folded weight has the spread of
             ///< the layer's own weight, if `expand` finds one, or else of
             ///< LibTorch's default for the compact layer
  kKaimingNormal,  ///< N(0, 2 / fan_out), fan_out = taps * out / groups; zero
                   ///< biases (MobileNet)
  kKaimingNormalUngrouped,  ///< the same with fan_out = taps * out: the
                            ///< official MobileNetV2, whose depthwise chains
                            ///< fold to almost nothing
  kNormal,                  ///< N(0, std), zero biases
  kKaimingUniform,  ///< uniform in +-sqrt(6 / fan_in), zero biases (OREPA)
  kPreserving,      ///< factorized from the compact weight: the function of the
                    ///< compact layer is kept
};

/// How a module with a chain computes its output.
enum class Execution {
  kFolded,   ///< fold the chain, then run the compact layer: the default
  kChained,  ///< run each factor over the feature maps: the same function, 3 to
             ///< 18 times the cost
};

/// A function of feature maps that keeps their shape, such as `torch::relu`.
using Activation = std::function<at::Tensor(const at::Tensor&)>;

/// Options for the expansion of one layer.
///
///     ExpansionOptions(Strategy::kCK).rate(4)
struct ExpansionOptions {
  ExpansionOptions() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a strategy alone says it all.
  ExpansionOptions(Strategy strategy) : strategy_(strategy) {}

  /// Absent: the paper's choice for the layer, `default_strategy()`.
  TORCH_ARG(std::optional<Strategy>, strategy) = std::nullopt;
  /// The branches. Setting them selects `Strategy::kBranches`.
  TORCH_ARG(std::optional<std::vector<Branch>>, branches) = std::nullopt;
  /// Interior widths as a multiple of the layer's channels; any positive
  /// number.
  TORCH_ARG(double, rate) = 4;
  /// Interior widths in channels, instead of a rate: {12, 32} expands a 3 -> 8
  /// layer to 3 -> 12 -> 32 -> 8. Empty: from the rate.
  TORCH_ARG(std::vector<std::int64_t>, widths) = {};
  /// Number of factors of an FC chain, at least 2.
  TORCH_ARG(std::int64_t, depth) = 3;
  TORCH_ARG(InitialValues, initial_values) = InitialValues::kDefault;
  /// Standard deviation of `InitialValues::kNormal`.
  TORCH_ARG(double, std) = 0.01;
  /// Root mean square of the folded weight under `InitialValues::kMatched`;
  /// each of several branches has it by itself, without its scale. Absent: that
  /// of the layer's own weight, which `expand` finds; if there is none or it is
  /// zero, that of LibTorch's default for the compact layer, 1 / sqrt(3
  /// fan_in).
  TORCH_ARG(std::optional<double>, spread) = std::nullopt;
  /// Removes interior width that makes no difference under SGD (narrow.h): the
  /// same compact weights at every step, from fewer numbers. Exact for
  /// `torch::optim::SGD` and `train::SGD` with all their options, wrong for
  /// optimizers that treat each number separately (Adam, RMSprop). An Expansion
  /// refuses those; modules cannot, because they do not know their optimizer.
  TORCH_ARG(bool, narrow) = false;
  /// For modules; in weight space, chains are always folded.
  TORCH_ARG(Execution, execution) = Execution::kFolded;
  /// Applied between the factors. Makes the module a nonlinear twin, which
  /// initializes a chain (paper, +Init). A twin runs chained and cannot
  /// contract.
  TORCH_ARG(Activation, activation) = nullptr;
};

}  // namespace expandnet
