// branch.h: one of several chains that sum to a layer.
//
// A layer's expansion may be a sum of branches. Each branch is a chain of its
// own, with or without a learned scale for each output channel. The kernel of a
// chain may be smaller than the layer's, in which it is centred, and it may be
// fixed:
//
//     weight = sum_k  scale_k * place(fold(chain_k))
//
// The sum is one weight, so the network that runs costs the same, whatever
// stride, padding and dilation the layer has. A single chain is the case of one
// branch without a scale.
#pragma once

#include <expandnet/base/export.h>
#include <torch/arg.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace expandnet {

enum class Strategy;
enum class InitialValues;

/// The chain of a branch, for a layer m -> n with a kernel k x k and g groups:
enum class BranchKind {
  kKernel,  ///< one factor m -> n
  kChain,   ///< FC, CL or CK, with rate, widths and depth of the options
  kPointwiseKernel,     ///< 1x1 m -> w, then kxk w -> n; if w is m, the 1x1 is
                        ///< I + A, and A starts at 0
  kDepthwiseSeparable,  ///< kxk on each input channel by itself, m -> w, then
                        ///< 1x1 w -> n
  kAverage,             ///< 1x1 m -> n, then the fixed mean of k x k values
  kCosine,    ///< 1x1 m -> n, then fixed cosines (FactorStart::kCosine)
  kIdentity,  ///< fixed: copies the input's channels to the output
};

/// "kernel", "chain", "1x1-kernel", "depthwise-separable", "average", "cosine"
/// or "identity".
[[nodiscard]] EXPANDNET_API const char* name(BranchKind kind);

/// The description of one branch. It does not depend on the layer's sizes, so
/// the same description fits any layer.
///
///     Branch(BranchKind::kKernel).kernel_size({1, 1}).scale(1)
struct Branch {
  Branch() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a kind alone says it all.
  Branch(BranchKind kind) : kind_(kind) {}

  TORCH_ARG(BranchKind, kind) = BranchKind::kKernel;
  /// For kKernel: sides of the kernel, which is centred in the layer's; 0 means
  /// the layer's side. Empty: the layer's kernel.
  TORCH_ARG(std::vector<std::int64_t>, kernel_size) = {};
  /// For kChain: the strategy, FC, CL or CK. Absent: the paper's choice.
  TORCH_ARG(std::optional<Strategy>, strategy) = std::nullopt;
  /// For kPointwiseKernel (absent: 1, or 2 with more than 4 groups) and
  /// kDepthwiseSeparable (absent: 8): the interior width w as a multiple of m,
  /// a whole number.
  TORCH_ARG(std::optional<std::int64_t>, width) = std::nullopt;
  /// Initial value of a learned scale [n], which follows the chain as a factor
  /// with one number for each output channel. Absent: no scale.
  TORCH_ARG(std::optional<double>, scale) = std::nullopt;
  /// Whether the factors have biases, if the layer has one; fixed factors have
  /// none. A scale has none, except for transposed convolutions.
  TORCH_ARG(bool, bias) = false;
  /// Initial values of the factors. With kMatched the branch by itself, without
  /// its scale, has the options' `spread`. Not kPreserving, which applies to a
  /// whole layer. Absent: as in the options.
  TORCH_ARG(std::optional<InitialValues>, initial_values) = std::nullopt;
};

}  // namespace expandnet
