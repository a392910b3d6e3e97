// fuse_batch_norm.h: merges a BatchNorm into the layer before it.
//
// In evaluation mode a BatchNorm is a fixed affine map of each channel, so it
// can become part of the convolution or linear layer before it. Fuse after
// training and after `contract`: a fused model would train differently.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>
#include <expandnet/passes/fixed_batch_norm.h>
#include <torch/nn/module.h>

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// Returns the one layer that computes `affine` followed by `norm`. With the
/// scale s = weight / sqrt(variance + epsilon) of each output channel,
///
///     W <- s W,   b <- s (b - mean) + bias
///
/// Exact for every layer, including transposed and grouped ones. The result is
/// in fp64 on the CPU and always has a bias.
///
/// Throws `c10::Error` unless all tensors have C finite numbers and no variance
/// is negative.
[[nodiscard]] EXPANDNET_API Affine fuse_batch_norm(const CompactLayer& layer,
                                                   const Affine& affine,
                                                   const FixedBatchNorm& norm);

struct FuseOptions {
  /// Paths of layers and of the BatchNorms that take their output, in addition
  /// to those that follow each other in a Sequential: {{"conv1", "bn1"}}. The
  /// output must not be used anywhere else; only the model's author can know
  /// that.
  std::vector<std::pair<std::string, std::string>> pairs;
  /// Largest relative error of a fused layer against layer and BatchNorm, all
  /// in fp64. The default is about 4,500 times the fp64 epsilon: room for the
  /// rounding of the longest sums in practice.
  double tolerance = 1e-12;
};

/// A layer and the BatchNorm that was merged into it.
struct FusedPair {
  std::string layer;      ///< path of the layer
  std::string norm;       ///< path of the BatchNorm
  double error_fp64 = 0;  ///< max |fused - both| / max |both|, on a probe input
  double error_dtype = 0;  ///< the same, with the fused layer in its own dtype
  std::string dtype;
};

/// What `fuse_batch_norms` did. Prints as a table.
struct EXPANDNET_API FusionReport {
  std::vector<FusedPair> pairs;

  [[nodiscard]] std::string to_string() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const FusionReport& report);

/// Fuses in place every BatchNorm1d-3d of the model that follows a Conv1d-3d,
/// ConvTranspose1d-3d, Linear (with inputs [N, in]) or contracted expanded
/// layer in a Sequential, and the pairs named in the options. Before anything
/// changes, each fused layer is compared with its pair on a probe input.
///
/// The layers keep their weight tensors and get a bias if they had none. In a
/// Sequential an Identity replaces the BatchNorm, so that indices stay the
/// same; elsewhere the BatchNorm remains and computes the identity, to
/// rounding.
///
/// Throws `c10::Error`, without changing the model: for a BatchNorm that is in
/// training mode or keeps no statistics; for paths that do not exist; for
/// layers that do not fit together, are still expanded or are used in several
/// places; for a model without such a pair; and for an error above the
/// tolerance.
///
///     model->eval();
///     std::cout << fuse_batch_norms(*model);
EXPANDNET_API FusionReport fuse_batch_norms(torch::nn::Module& model,
                                            const FuseOptions& options = {});

}  // namespace expandnet
