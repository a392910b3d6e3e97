// MobileOne's block by the keys of Apple's code.
#include "base/weight_paths.h"
#include "deploy/foreign/branch_list.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

namespace {

constexpr BranchNames kAppleNames = {"rbr_conv", "rbr_scale", "rbr_skip"};

bool is_mobileone_at(const Keys& keys, const std::string& module) {
  for (const auto* name :
       {kAppleNames.list, kAppleNames.scale, kAppleNames.identity}) {
    if (keys.has_path(under(module, name))) return true;
  }
  return false;
}

ReadBlock read_mobileone(BlockReader& reader) {
  ReadBlock block;
  block.place = "reparam_conv";
  block.sum = read_branch_list(reader, "", kAppleNames, block.parts);
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_mobileone() {
  return {{"mobileone", KindOfKeys::kOwn, is_mobileone_at, read_mobileone}};
}

}  // namespace expandnet
