// RepVGG's block (Ding et al. 2021) and those that YOLOv6 and YOLOv7 made of
// it: a 3x3 and a 1x1 convolution and an identity, each with a BatchNorm.
// RepVGG and YOLOv6 have the same keys, and another eps.
#include "base/weight_paths.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

namespace {

bool has_rbr_branch(const Keys& keys, const std::string& module,
                    const std::string& layer) {
  return keys.has_path(under(module, "rbr_dense." + layer)) ||
         keys.has_path(under(module, "rbr_1x1." + layer));
}

bool is_repvgg_at(const Keys& keys, const std::string& module) {
  const bool has_identity_alone =
      keys.has_path(under(module, "rbr_identity")) &&
      !keys.has_path(under(module, "rbr_dense")) &&
      !keys.has_path(under(module, "rbr_1x1"));
  const bool is_of_orepa =
      keys.has(under(module, "rbr_dense.weight_rbr_origin"));
  return has_identity_alone ||
         (!is_of_orepa && has_rbr_branch(keys, module, "conv"));
}

bool is_yolov7_at(const Keys& keys, const std::string& module) {
  return has_rbr_branch(keys, module, "0");
}

/// Their layers are called otherwise.
ReadBlock read_rbr(BlockReader& reader, const std::string& conv,
                   const std::string& norm) {
  const auto branch = [&](const std::string& name, std::int64_t groups) {
    return reader.conv_norm(under(name, conv), under(name, norm), groups);
  };
  const auto groups = groups_by_identity(
      reader, under("rbr_dense", under(conv, "weight")), "rbr_identity");
  ReadBlock block;
  block.place = "rbr_reparam";
  block.parts = {"rbr_dense", "rbr_1x1"};
  block.sum = {branch("rbr_dense", groups), branch("rbr_1x1", groups)};
  if (reader.has("rbr_identity")) {
    block.parts.emplace_back("rbr_identity");
    block.sum.push_back({reader.norm("rbr_identity")});
  }
  return block;
}

ReadBlock read_repvgg(BlockReader& reader) {
  return read_rbr(reader, "conv", "bn");
}

ReadBlock read_yolov7(BlockReader& reader) {
  return read_rbr(reader, "0", "1");
}

}  // namespace

std::vector<BlockKind> kinds_of_rbr_blocks() {
  return {{"repvgg", KindOfKeys::kOwn, is_repvgg_at, read_repvgg},
          {"yolov6", KindOfKeys::kOwn, is_repvgg_at, read_repvgg},
          {"yolov7", KindOfKeys::kOwn, is_yolov7_at, read_yolov7}};
}

}  // namespace expandnet
