// found_blocks.h: which modules of a file are blocks, and whose.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "deploy/foreign/keys.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

/// A block of the file with the kinds that it may be, one of each system.
struct FoundBlock {
  std::string path;
  std::vector<const BlockKind*> kinds;

  /// Whether ordinary modules have such keys, too.
  [[nodiscard]] bool generic() const;
};

/// The blocks of one system, or with "" of all, outer modules first; those that
/// are not whole, too. A module within a block is none of its own, unless the
/// outer one may be an ordinary module and the inner one is not.
[[nodiscard]] std::vector<FoundBlock> found_blocks(const Keys& keys,
                                                   const std::string& system);

/// The names of the tensors that a block is read from; none if it cannot be
/// read.
[[nodiscard]] std::set<std::string> tensors_of(const Keys& keys,
                                               const FoundBlock& block);

/// The names of the systems that a block may be of.
[[nodiscard]] std::vector<std::string> systems_of(const FoundBlock& block);

}  // namespace expandnet
