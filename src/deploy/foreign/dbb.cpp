// The diverse branch block (Ding et al. 2021): a k x k convolution, a 1x1, a
// 1x1 before a k x k and a 1x1 before an average, with BatchNorms behind and
// between them. Between them its own padding repeats what the first BatchNorm
// makes of a zero, which is the padding of the block's input.
#include <c10/util/Exception.h>

#include <utility>

#include "base/weight_paths.h"
#include "deploy/foreign/kinds.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

bool is_dbb_at(const Keys& keys, const std::string& module) {
  for (const auto* branch :
       {"dbb_origin", "dbb_1x1", "dbb_1x1_kxk", "dbb_avg"}) {
    if (keys.has_path(under(module, branch))) return true;
  }
  return false;
}

/// The 1x1 convolution that starts as the identity: what the file holds is the
/// difference to it, [channels, channels / groups, 1, 1].
BlockFactor read_identity_based(BlockReader& reader, const std::string& weight,
                                std::int64_t groups) {
  const auto difference = reader.tensor(weight, 4);
  const auto channels = difference.size(0), width = difference.size(1);
  TORCH_CHECK(
      width * groups == channels && difference.numel() == channels * width,
      error_message(reader.site(),
                    "an identity must have as many inputs as outputs",
                    sizes(difference.sizes()),
                    "fold it with the code of its own system"));
  auto factor = kernel_factor(difference, {}, groups);
  factor.shape.adds_identity = true;
  return factor;
}

ReadBlock read_dbb(BlockReader& reader) {
  const bool by_identity = reader.has("dbb_1x1_kxk.idconv1");
  const std::string first =
      by_identity ? "dbb_1x1_kxk.idconv1.weight" : "dbb_1x1_kxk.conv1.weight";
  const auto groups = groups_of_pair(reader, first, "dbb_1x1_kxk.conv2.weight");
  const auto channels = reader.size("dbb_origin.conv.weight", 0);
  const auto side = reader.size("dbb_origin.conv.weight", 2);

  ReadBlock block;
  block.place = "dbb_reparam";
  const auto add = [&](const char* name, BlockBranch branch) {
    block.parts.emplace_back(name);
    block.sum.push_back(std::move(branch));
  };
  add("dbb_origin", reader.conv_bn("dbb_origin", groups));
  BlockBranch average;
  if (reader.has("dbb_avg.conv")) {
    average = {reader.conv("dbb_avg.conv", groups),
               reader.norm("dbb_avg.bn.bn")};
  }
  average.push_back(average_factor(channels, side));
  average.push_back(reader.norm("dbb_avg.avgbn"));
  add("dbb_avg", std::move(average));
  // Depthwise blocks have neither of the two 1x1 convolutions.
  if (reader.has("dbb_1x1") || reader.has("dbb_avg.conv")) {
    add("dbb_1x1", reader.conv_bn("dbb_1x1", groups));
  }
  const auto inner = by_identity ? read_identity_based(reader, first, groups)
                                 : reader.conv("dbb_1x1_kxk.conv1", groups);
  add("dbb_1x1_kxk", {inner, reader.norm("dbb_1x1_kxk.bn1.bn"),
                      reader.conv("dbb_1x1_kxk.conv2", groups),
                      reader.norm("dbb_1x1_kxk.bn2")});
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_dbb() {
  return {{"dbb", KindOfKeys::kOwn, is_dbb_at, read_dbb}};
}

}  // namespace expandnet
