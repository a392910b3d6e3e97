// fuse_batch_norm.h: a BatchNorm becomes part of the layer before it.
//
// In deployment a BatchNorm is a fixed affine map of each channel, and so part
// of the convolution or linear layer whose output it takes. This comes after
// training, and after `contract`: what is trained on would be another model.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/passes/fixed_batch_norm.h>
#include <torch/nn/module.h>

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// Returns the one layer that computes `norm` of what `affine` computes. For
/// the scale s = weight / sqrt(variance + epsilon) of each output channel
///
///     W <- s W,   b <- s (b - mean) + bias
///
/// Exact for every layer, transposed and grouped ones too. Computed and
/// returned in fp64 on the CPU, always with a bias.
///
/// Throws `c10::Error` unless all have C numbers, finite ones, and no variance
/// is negative.
[[nodiscard]] Affine fuse_batch_norm(const CompactLayer& layer,
                                     const Affine& affine,
                                     const FixedBatchNorm& norm);

struct FuseOptions {
  /// Paths of layers and of the BatchNorms that take their output, beside those
  /// that follow each other in a Sequential: {{"conv1", "bn1"}}. The output
  /// must go nowhere else, which only the model's author can know.
  std::vector<std::pair<std::string, std::string>> pairs;
  /// Largest relative error of a fused layer against the two, all in fp64; the
  /// sums are those of one layer, so a factor of some thousand is left.
  double tolerance = 1e-12;
};

/// A layer that has taken in a BatchNorm.
struct FusedPair {
  std::string layer;      ///< its path
  std::string norm;       ///< its path
  double error_fp64 = 0;  ///< max |fused - both| / max |both|, on a probe input
  double error_dtype = 0;  ///< the same of the fused layer in its own dtype
  std::string dtype;
};

/// What `fuse_batch_norms` did. Prints as a table.
struct FusionReport {
  std::vector<FusedPair> pairs;

  [[nodiscard]] std::string to_string() const;
};
std::ostream& operator<<(std::ostream& stream, const FusionReport& report);

/// Fuses, in place, every BatchNorm1d-3d of the model that follows a Conv1d-3d,
/// ConvTranspose1d-3d, Linear (of inputs [N, in]) or contracted expanded layer
/// in a Sequential, and the pairs that are named. Each fused layer is run over
/// a probe input and compared with the two before anything is changed.
///
/// The layers keep their weights' tensors and get a bias where they had none.
/// In a Sequential an Identity takes the BatchNorm's place, so that indices
/// stay; elsewhere it remains and computes the identity, to rounding.
///
/// Throws `c10::Error`, with the model as it was: for a BatchNorm that is in
/// training mode or keeps no statistics, paths that lead nowhere, layers that
/// do not fit together, are still expanded or are used in several places, a
/// model without such a pair, and an error above the tolerance.
///
///     model->eval();
///     std::cout << fuse_batch_norms(*model);
FusionReport fuse_batch_norms(torch::nn::Module& model,
                              const FuseOptions& options = {});

}  // namespace expandnet
