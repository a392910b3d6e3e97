// mask_pairs.h: checks that all readers of masks share.
#pragma once

#include <expandnet/data/sets/mask_set.h>

#include <functional>
#include <string>
#include <vector>

#include "data/sets/annotation_checks.h"
#include "data/sets/named_files.h"

namespace expandnet::data {

/// An image and its mask; the path of a missing file is "".
struct MaskPair {
  std::string name;
  std::string image;
  std::string mask;
  std::string place;  ///< shown in the message about a missing file
};

/// The paths where the files of a name are expected, for messages.
struct MaskPaths {
  std::function<std::string(const std::string& name)> image;
  std::function<std::string(const std::string& name)> mask;
};

/// Images and masks of the same name.
[[nodiscard]] std::vector<MaskPair> mask_pairs(const NamedFiles& images,
                                               const NamedFiles& masks,
                                               const MaskPaths& expected);

/// Adds the pairs that are whole to `set`; others are faults. Throws where the
/// set has no image then.
void add_mask_pairs(MaskSet& set, const std::vector<MaskPair>& pairs,
                    const MaskOptions& options, FaultCounter& faults);

}  // namespace expandnet::data
