#include "deploy/foreign/kinds.h"

#include <c10/util/Exception.h>

#include "base/weight_paths.h"
#include "fold/site_message.h"

namespace expandnet {

const std::vector<ForeignSystem>& systems_of_blocks() {
  // The YOLOs set eps when they are built; the others keep that of PyTorch.
  static const std::vector<ForeignSystem> systems = {
      {"acb", 1e-5},    {"dbb", 1e-5},    {"mobileone", 1e-5},
      {"orepa", 1e-5},  {"repvgg", 1e-5}, {"timm", 1e-5},
      {"yolov6", 1e-3}, {"yolov7", 1e-3}, {"yolov9", 1e-3}};
  return systems;
}

const std::vector<BlockKind>& block_kinds() {
  static const std::vector<BlockKind> kinds = [] {
    std::vector<BlockKind> all;
    for (const auto& some :
         {kinds_of_orepa(), kinds_of_rbr_blocks(), kinds_of_mobileone(),
          kinds_of_acb(), kinds_of_dbb(), kinds_of_timm(), kinds_of_yolov9()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return kinds;
}

std::int64_t groups_by_identity(BlockReader& reader, const std::string& weight,
                                const std::string& identity) {
  if (!reader.has(identity)) return 1;
  const auto channels = reader.size(under(identity, "running_mean"), 0);
  const auto width = reader.size(weight, 1);
  TORCH_CHECK(
      width > 0 && channels % width == 0,
      error_message(
          reader.site(),
          "an identity must have the channels of its convolution",
          std::to_string(channels) + " for groups of " + std::to_string(width),
          "the file may be damaged"));
  return channels / width;
}

std::int64_t groups_of_pair(const BlockReader& reader, const std::string& first,
                            const std::string& second) {
  const auto inner = reader.size(first, 0);
  const auto width = reader.size(second, 1);
  TORCH_CHECK(width > 0 && inner % width == 0,
              error_message(reader.site(), "the layers of a block must fit",
                            std::to_string(inner) + " channels for groups of " +
                                std::to_string(width),
                            "the file may be damaged"));
  return inner / width;
}

const std::vector<std::string>& companions_of_blocks() {
  static const std::vector<std::string> companions = {
      "act",          "activation", "attn", "nonlinear",
      "nonlinearity", "post_se",    "se"};
  return companions;
}

}  // namespace expandnet
