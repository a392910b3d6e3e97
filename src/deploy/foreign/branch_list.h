// branch_list.h: MobileOne's block, under the names that a system gives it.
#pragma once

#include <string>

#include "deploy/foreign/block_reader.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

/// The names of MobileOne's branches (Vasu et al. 2023): a list of k x k
/// convolutions, a 1x1 convolution, and an identity, each with a BatchNorm.
struct BranchNames {
  const char* list;      ///< "rbr_conv": its entries are numbered
  const char* scale;     ///< "rbr_scale"
  const char* identity;  ///< "rbr_skip"
};

/// The sum of the branches of the block at `path`, relative to the reader's.
/// Throws unless the list has an entry.
BlockSum read_branch_list(BlockReader& reader, const std::string& path,
                          const BranchNames& names,
                          std::vector<std::string>& parts);

}  // namespace expandnet
