#include <c10/util/Exception.h>
#include <expandnet/deploy/contract_weights.h>

#include <map>
#include <regex>
#include <set>

#include "fold/site_message.h"

namespace expandnet {

namespace {

/// "features.2.conv.3.weight": the block, the entry, the tensor.
const std::regex kFlatEntry(
    R"((features\.[0-9]{1,4}\.conv)\.([0-9]{1,4})\.([^.]+))");

/// The flat Sequential of a block: conv, BatchNorm, ReLU6 and so on, and at the
/// end conv, BatchNorm. Torchvision puts all but the last conv and its
/// companions into Sequentials of their own.
std::string nested_entry(std::int64_t index, std::int64_t last_conv) {
  const auto group = index / 3;
  if (3 * group == last_conv) return std::to_string(group + index % 3);
  return std::to_string(group) + "." + std::to_string(index % 3);
}

}  // namespace

Weights with_torchvision_names(Weights weights) {
  std::map<std::string, std::set<std::int64_t>> blocks;
  std::smatch match;
  for (const auto& item : weights.tensors) {
    if (!std::regex_match(item.first, match, kFlatEntry)) continue;
    blocks[match[1]].insert(std::stoll(match[2]));
  }
  const std::set<std::int64_t> short_block = {0, 1, 3, 4};
  const std::set<std::int64_t> long_block = {0, 1, 3, 4, 6, 7};
  TORCH_CHECK(!blocks.empty(),
              error_message("with_torchvision_names",
                            "the weights must be a MobileNetV2's, with entries "
                            "such as features.1.conv.0",
                            "none"));
  for (const auto& [block, entries] : blocks) {
    TORCH_CHECK(
        entries == short_block || entries == long_block,
        error_message(Site{"with_torchvision_names", block},
                      "a block must have the entries 0, 1, 3, 4 or 0, 1, "
                      "3, 4, 6, 7",
                      joined(entries, ", "), "contract its chains before"));
  }
  for (auto& [name, tensor] : weights.tensors) {
    if (std::regex_match(name, match, kFlatEntry)) {
      const std::string block = match[1];
      const auto last_conv = *blocks[block].rbegin() - 1;
      name = block + "." + nested_entry(std::stoll(match[2]), last_conv) + "." +
             match[3].str();
    } else if (name == "classifier.weight" || name == "classifier.bias") {
      name.insert(std::string("classifier").size(), ".1");
    }
  }
  return weights;
}

}  // namespace expandnet
