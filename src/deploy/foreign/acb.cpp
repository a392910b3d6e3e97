// The asymmetric convolution block of ACNet (Ding et al. 2019): a square, a
// vertical and a horizontal convolution, each with a BatchNorm.
#include "base/weight_paths.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

namespace {

constexpr const char* kAcbBranches[] = {"square", "ver", "hor"};

bool is_acb_at(const Keys& keys, const std::string& module) {
  for (const std::string branch : kAcbBranches) {
    if (keys.has_path(under(module, branch + "_conv"))) return true;
  }
  return false;
}

ReadBlock read_acb(BlockReader& reader) {
  ReadBlock block;
  block.place = "fused_conv";
  for (const std::string branch : kAcbBranches) {
    block.parts.push_back(branch + "_conv");
    block.sum.push_back(
        reader.conv_norm(branch + "_conv", branch + "_bn", /*groups=*/1));
  }
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_acb() {
  return {{"acb", KindOfKeys::kOwn, is_acb_at, read_acb}};
}

}  // namespace expandnet
