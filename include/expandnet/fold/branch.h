// branch.h: one of several chains that sum to a layer.
//
// A layer's expansion may be a sum of branches, each a chain of its own, a
// smaller kernel at the centre of the layer's or a fixed one, with or without a
// learned scale for each output channel:
//
//     weight = sum_k  scale_k * place(fold(chain_k))
//
// The sum is one weight, so it costs the network that runs nothing, whatever
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
  kPointwiseKernel,  ///< 1x1 m -> w, then kxk w -> n; the 1x1 is I + A, with A
                     ///< from 0, where w is m
  kDepthwiseSeparable,  ///< kxk on each input channel by itself, m -> w, then
                        ///< 1x1 w -> n
  kAverage,             ///< 1x1 m -> n, then the fixed mean of k x k values
  kCosine,    ///< 1x1 m -> n, then fixed cosines (FactorStart::kCosine)
  kIdentity,  ///< fixed: the output channels are the input's
};

/// "kernel", "chain", "1x1-kernel", "depthwise-separable", "average", "cosine"
/// or "identity".
[[nodiscard]] EXPANDNET_API const char* name(BranchKind kind);

/// One branch, as it is asked for: for any layer, without the layer's numbers.
///
///     Branch(BranchKind::kKernel).kernel_size({1, 1}).scale(1)
struct Branch {
  Branch() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a kind alone says it all.
  Branch(BranchKind kind) : kind_(kind) {}

  TORCH_ARG(BranchKind, kind) = BranchKind::kKernel;
  /// Sides of the kernel of a kKernel branch, which stands at the centre of the
  /// layer's; 0 is the layer's side. Empty: the layer's kernel.
  TORCH_ARG(std::vector<std::int64_t>, kernel_size) = {};
  /// Strategy of a kChain branch: FC, CL or CK. Absent: the paper's choice.
  TORCH_ARG(std::optional<Strategy>, strategy) = std::nullopt;
  /// Interior width w as a multiple of m, of kPointwiseKernel (absent: 1, or 2
  /// with more than 4 groups) and kDepthwiseSeparable (absent: 8), a whole
  /// number.
  TORCH_ARG(std::optional<std::int64_t>, width) = std::nullopt;
  /// Where a learned scale [n] starts, one factor of one number for each output
  /// channel behind the chain. Absent: the branch has none.
  TORCH_ARG(std::optional<double>, scale) = std::nullopt;
  /// Whether the factors have biases, where the layer has one; fixed ones have
  /// none. Behind a scale stands none, but for transposed convolutions.
  TORCH_ARG(bool, bias) = false;
  /// Where the factors start, of kMatched so that the branch by itself, without
  /// its scale, has the options' `spread`. Not kPreserving, which is of a whole
  /// layer. Absent: as the options say.
  TORCH_ARG(std::optional<InitialValues>, initial_values) = std::nullopt;
};

}  // namespace expandnet
