// kinds.h: the blocks of other systems: how each is recognized and read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "deploy/foreign/block_reader.h"
#include "deploy/foreign/branches.h"
#include "deploy/foreign/keys.h"

namespace expandnet {

/// A block, read.
struct ReadBlock {
  BlockSum sum;
  /// Where the convolution stands in the system's deployed net, relative to the
  /// block: "rbr_reparam"; "" for the block's own path.
  std::string place;
  /// What of the block was added up, for reports.
  std::vector<std::string> parts;
  /// The sizes in which the weight is written; empty: those of a convolution.
  std::vector<std::int64_t> weight_sizes = {};
  /// Modules that stand beside the branches in this kind of block, as
  /// `companions_of_blocks` do in each.
  std::vector<std::string> beside = {};
};

/// Which keys others use, too. They are taken for a system's when it is named.
enum class KindOfKeys { kOwn, kGeneric };

struct BlockKind {
  const char* system;
  KindOfKeys keys;
  /// Whether the module has parts of such a block, perhaps not all.
  bool (*is_at)(const Keys& keys, const std::string& module);
  /// Reads all of it; throws as BlockReader does.
  ReadBlock (*read)(BlockReader& reader);
  /// Where the system is named: whether the module has a part of such a block
  /// that other modules have as well. Null: `is_at` tells all.
  bool (*is_part_at)(const Keys& keys, const std::string& module) = nullptr;
};

/// The kinds of each system, in a file of its own. What contains others comes
/// first.
std::vector<BlockKind> kinds_of_rbr_blocks();  ///< RepVGG, YOLOv6, YOLOv7
std::vector<BlockKind> kinds_of_mobileone();
std::vector<BlockKind> kinds_of_acb();
std::vector<BlockKind> kinds_of_dbb();
std::vector<BlockKind> kinds_of_orepa();  ///< and YOLOv7's copy
std::vector<BlockKind> kinds_of_timm();
std::vector<BlockKind> kinds_of_yolov9();

/// All of them.
const std::vector<BlockKind>& block_kinds();

/// A system and the eps of its BatchNorms, which stands in no state dict.
struct ForeignSystem {
  const char* name;
  double epsilon;
};
const std::vector<ForeignSystem>& systems_of_blocks();

/// The groups of a block's convolution [out, in / groups, h, w], given the
/// channels that an identity tells: where there is none, 1, since the fold does
/// not depend on them. Throws `c10::Error` unless they divide.
std::int64_t groups_by_identity(BlockReader& reader, const std::string& weight,
                                const std::string& identity);

/// The groups of a block, given the weights of a 1x1 convolution and of the one
/// behind it: those that fit the outputs of the first to the second. Throws
/// `c10::Error` if none do.
std::int64_t groups_of_pair(const BlockReader& reader, const std::string& first,
                            const std::string& second);

/// Modules beside the branches, whatever the system calls them.
const std::vector<std::string>& companions_of_blocks();

}  // namespace expandnet
