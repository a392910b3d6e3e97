// foreign_blocks.h: contracts re-parameterized layers of other systems.
//
// RepVGG and similar systems train several branches in place of one
// convolution, and add them up before deployment. In a file of weights such a
// block is recognized by its keys. It is folded in double precision and
// checked: the branches run layer by layer over an input with borders, and are
// compared with the one convolution. The tensors get the names of the system's
// own deployed net, which then loads the file with strict=True.
//
// A file does not contain eps, which every BatchNorm adds to its variance. It
// may differ by a factor of 100 between two systems with the same keys; with
// the wrong one the net runs, but with bad results.
#pragma once

#include <c10/core/ScalarType.h>
#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// A system whose blocks can be read: "acb", "dbb", "mobileone", "orepa",
/// "repvgg", "timm", "yolov6", "yolov7" or "yolov9".
struct BlockSystem {
  std::string name;
  double epsilon;  ///< eps of the system's BatchNorms
};
[[nodiscard]] EXPANDNET_API std::vector<BlockSystem> block_systems();

/// A block in a file, recognized by its keys.
struct ForeignBlock {
  std::string path;  ///< the module that becomes, or holds, the convolution
  /// Systems that have these keys; there may be several.
  std::vector<std::string> systems;
  /// Whether ordinary modules also have such keys (a `conv1` and a `conv2`).
  /// Such a block is folded only if its system is named.
  bool generic = false;
};

/// Returns the blocks of a file, including incomplete ones, outer modules
/// first: those of `system`, or of all systems if it is "". Throws `c10::Error`
/// for a system that is not in `block_systems`.
[[nodiscard]] EXPANDNET_API std::vector<ForeignBlock> find_foreign_blocks(
    const Weights& weights, const std::string& system = "");

/// The name that stands for no system: blocks stay as they are.
inline constexpr const char* kNoSystem = "none";

struct ForeignBlocksOptions {
  /// The system whose blocks are folded, one of `block_systems`. "": the system
  /// of all blocks in the file, if no other system has their keys. "none": no
  /// blocks are folded.
  std::string system;
  /// eps of every BatchNorm. Absent: that of the system. `fuse_batch_norms`
  /// requires it, because such pairs may come from any net.
  std::optional<double> epsilon;
  /// Whether to fuse the BatchNorms after other convolutions and linear layers.
  /// Such pairs are found by their names: conv1 and bn1, conv and norm, 0 and
  /// 1. The file does not say whether the layer's output is also used
  /// elsewhere.
  bool fuse_batch_norms = false;
  /// Dtype of the convolutions. Absent: that of the block's tensors, which must
  /// then have the same dtype.
  std::optional<at::ScalarType> dtype;
  /// Largest relative error allowed between a convolution and its branches, in
  /// fp64.
  double tolerance = 1e-12;
};

/// A block that has become one layer.
struct FoldedBlock {
  std::string layer;               ///< its path in the new weights
  std::string system;              ///< "conv+bn" for a pair
  std::vector<std::string> parts;  ///< modules that were added up or fused
  double epsilon = 0;
  /// max |layer - branches| / max |branches| over an input with borders, fp64.
  double error_fp64 = 0;
  double error_dtype = 0;  ///< the same, with the layer in its own dtype
  std::string dtype;
};

/// Prints as a table.
struct EXPANDNET_API ForeignBlocksReport {
  std::vector<FoldedBlock> blocks;
  /// Paths of BatchNorms that are in no pair and no block, if pairs are fused.
  std::vector<std::string> norms_left;
  /// Blocks of other systems, recognized by keys that ordinary modules do not
  /// have.
  std::vector<ForeignBlock> blocks_left;
  [[nodiscard]] std::string to_string() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const ForeignBlocksReport& report);

struct ContractedBlocks {
  Weights weights;
  ForeignBlocksReport report;
};

/// Folds the blocks of one system, BatchNorm in evaluation mode. Each layer
/// takes the position of the first tensor of its block; all other tensors are
/// copied unchanged. A file does not contain stride, dilation and padding, and
/// the fold does not depend on them, because smaller kernels are centred in the
/// largest one. The same holds for the groups, unless the block composes layers
/// or has an identity; then they are derived from its shapes.
///
/// Throws `c10::Error` if there is nothing to fold; if no system is named and
/// the blocks are of several systems, or their keys are used by several
/// systems; if a block is incomplete, has a key that its system does not have,
/// numbers that are not finite, a negative variance, or layers that do not fit
/// together; if a fold exceeds the tolerance or the range of its dtype; for a
/// pair whose BatchNorm has other channels than its layer, for example because
/// it comes before the layer; for two BatchNorms after one layer; and for a
/// pair within a block that is not folded.
///
///     auto deployed = contract_foreign_blocks(read_weights("repvgg.pth"),
///                                             {"repvgg"});
///     write_weights(deployed.weights, "deployed.pth");
[[nodiscard]] EXPANDNET_API ContractedBlocks contract_foreign_blocks(
    const Weights& weights, const ForeignBlocksOptions& options = {});

}  // namespace expandnet
