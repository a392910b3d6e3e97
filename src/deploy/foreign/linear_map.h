// linear_map.h: what a foreign block computes, as a tree of linear layers.
//
// The tree is run layer by layer over feature maps, as the block's own system
// runs it, and folded into one convolution. The two are compared before a
// block is replaced.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/fold/fold.h>
#include <expandnet/fold/site.h>
#include <expandnet/passes/fixed_batch_norm.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace expandnet {

/// A two-dimensional convolution in fp64, of stride and dilation 1.
struct ConvolutionKernel {
  at::Tensor weight;  ///< [out, in / groups, height, width]
  at::Tensor bias;    ///< [out]; undefined when there is none
  std::int64_t groups = 1;
};

/// A linear map of feature maps [N, C, H, W], without padding: what pads comes
/// before all of it, so that a bias within it also stands in the border.
class LinearMap {
 public:
  virtual ~LinearMap() = default;
  /// Height and width of the kernel.
  [[nodiscard]] virtual std::vector<std::int64_t> sides() const = 0;
  /// Runs it on x [N, in, H, W] in fp64: the output is smaller by the sides
  /// - 1.
  [[nodiscard]] virtual at::Tensor run(const at::Tensor& x) const = 0;
  /// The one convolution that computes the same. Throws `c10::Error`, in the
  /// name of `site`, where the shapes of its layers do not fit.
  [[nodiscard]] virtual ConvolutionKernel folded(const Site& site) const = 0;
};
using LinearMapPtr = std::shared_ptr<const LinearMap>;

/// A convolution; weight and bias in fp64.
[[nodiscard]] LinearMapPtr convolution(at::Tensor weight, at::Tensor bias,
                                       std::int64_t groups);
/// A BatchNorm in evaluation mode; its tensors in fp64.
[[nodiscard]] LinearMapPtr normalization(FixedBatchNorm norm);
/// A factor for each channel: factors [C] in fp64.
[[nodiscard]] LinearMapPtr scaling(at::Tensor factors);
/// The mean over a square of `side` pixels, each channel by itself.
[[nodiscard]] LinearMapPtr averaging(std::int64_t channels, std::int64_t side);
[[nodiscard]] LinearMapPtr identity(std::int64_t channels);
/// The maps one after the other; at least one.
[[nodiscard]] LinearMapPtr in_sequence(std::vector<LinearMapPtr> maps);
/// The sum of the maps, at least one: smaller kernels stand at the centre of
/// the largest. A map of single channels may be added to one of wider groups.
[[nodiscard]] LinearMapPtr sum_of(std::vector<LinearMapPtr> maps);

/// max |convolution - map| / max |map| in fp64, over a random input that is
/// padded with zeros on all sides, so that its borders are seen, too.
[[nodiscard]] double error_on_probe(const LinearMap& map,
                                    const ConvolutionKernel& kernel);
/// The same for the convolution in the dtype of `compact`.
[[nodiscard]] double error_on_probe(const LinearMap& map, const Affine& compact,
                                    std::int64_t groups);

}  // namespace expandnet
