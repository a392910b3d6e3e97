// mask_pairs.h: checks that all readers of masks share.
#pragma once

#include <expandnet/data/sets/mask_set.h>

#include <string>
#include <vector>

#include "data/sets/annotation_checks.h"

namespace expandnet::data {

/// An image and its mask; the path of a missing file is "".
struct MaskPair {
  std::string name;
  std::string image;
  std::string mask;
  std::string place;  ///< shown in the message about a missing file
};

/// Adds the complete pairs to `set`; others are faults. Throws if the set then
/// has no image.
void add_mask_pairs(MaskSet& set, const std::vector<MaskPair>& pairs,
                    const MaskOptions& options, FaultCounter& faults);

}  // namespace expandnet::data
