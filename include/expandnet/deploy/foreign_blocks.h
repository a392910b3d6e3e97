// foreign_blocks.h: re-parameterized layers of other systems, contracted.
//
// RepVGG and its relatives train several branches in the place of one
// convolution, and add them up before deployment. In a file of weights such a
// block is known by its keys. It is folded in double precision, and checked:
// the branches, run layer by layer over an input with borders, against the one
// convolution. The names written are those of the system's own deployed net,
// which then loads the file with strict=True.
//
// eps, which every BatchNorm adds to its variance, stands in no file. Of two
// systems with the same keys it may differ by a factor of 100, and the wrong
// one gives a net that runs, badly.
#pragma once

#include <c10/core/ScalarType.h>
#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// A system whose blocks are read: "acb", "dbb", "mobileone", "orepa",
/// "repvgg", "timm", "yolov6", "yolov7" or "yolov9".
struct BlockSystem {
  std::string name;
  double epsilon;  ///< of its BatchNorms, as it builds them
};
[[nodiscard]] EXPANDNET_API std::vector<BlockSystem> block_systems();

/// A block of a file, by its keys.
struct ForeignBlock {
  std::string path;  ///< the module that becomes, or holds, the convolution
  /// Whose keys these are: several have the same.
  std::vector<std::string> systems;
  /// Whether ordinary modules have such keys, too (a `conv1` and a `conv2`). It
  /// is folded where its system is named.
  bool generic = false;
};

/// The blocks of a file, also those that are not whole, outer modules first.
/// `system` gives those of one system; "" those of all. Throws `c10::Error` for
/// a system that is not in `block_systems`.
[[nodiscard]] EXPANDNET_API std::vector<ForeignBlock> find_foreign_blocks(
    const Weights& weights, const std::string& system = "");

struct ForeignBlocksOptions {
  /// Whose blocks are folded, of those in `block_systems`. "": that of all
  /// blocks in the file, if their keys are its own. "none": none are.
  std::string system;
  /// eps of every BatchNorm; nothing: that of the system. `fuse_batch_norms`
  /// requires it, since any net may have such pairs.
  std::optional<double> epsilon;
  /// Whether other convolutions and linear layers take in the BatchNorm behind
  /// them, by their names: conv1 and bn1, conv and norm, 0 and 1. The file does
  /// not tell whether the output goes elsewhere, too.
  bool fuse_batch_norms = false;
  /// Dtype of the convolutions; nothing: that of the block's own, of which
  /// there must then be one.
  std::optional<at::ScalarType> dtype;
  /// Largest relative error of a convolution against the branches, in fp64.
  double tolerance = 1e-12;
};

/// A block that has become one layer.
struct FoldedBlock {
  std::string layer;               ///< its path in the new weights
  std::string system;              ///< "conv+bn" for a pair
  std::vector<std::string> parts;  ///< what was added up, or fused
  double epsilon = 0;
  /// max |layer - branches| / max |branches| over an input with borders, ...
  double error_fp64 = 0;
  double error_dtype = 0;  ///< ... and with the layer in its own dtype.
  std::string dtype;
};

/// Prints as a table.
struct EXPANDNET_API ForeignBlocksReport {
  std::vector<FoldedBlock> blocks;
  /// Paths of BatchNorms that are in no pair and no block, where pairs are
  /// fused.
  std::vector<std::string> norms_left;
  /// Blocks of other systems, by keys that ordinary modules do not have.
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
/// stands where the first tensor of its block stood; all other tensors are
/// taken over as they are. Stride, dilation and padding stand in no file and
/// change nothing: smaller kernels have the centre of the largest in common.
/// The same holds for the groups, unless the block composes layers or has an
/// identity; then its shapes tell them.
///
/// Throws `c10::Error` if there is nothing to fold; unless all blocks are of
/// one system, which alone has such keys, or is named; if one is not whole, has
/// a key that is not its system's, numbers that are not finite, a negative
/// variance, or layers that do not fit; if a fold is beyond the tolerance or
/// the range of its dtype; for a pair whose BatchNorm has other channels than
/// its layer, as where it comes before the layer; for two BatchNorms behind one
/// layer; and for a pair within a block that is not folded.
///
///     auto deployed = contract_foreign_blocks(read_weights("repvgg.pth"),
///                                             {"repvgg"});
///     write_weights(deployed.weights, "deployed.pth");
[[nodiscard]] EXPANDNET_API ContractedBlocks contract_foreign_blocks(
    const Weights& weights, const ForeignBlocksOptions& options = {});

}  // namespace expandnet
