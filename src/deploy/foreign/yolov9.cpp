// YOLOv9's RepConv: a 3x3 and a 1x1 convolution and, where it was asked for, an
// identity, each with a BatchNorm. Many modules have a conv1 and a conv2; the
// shapes tell those that are added up from those that follow each other.
#include "base/weight_paths.h"
#include "deploy/foreign/kinds.h"

namespace expandnet {

namespace {

bool is_yolov9_at(const Keys& keys, const std::string& module) {
  const auto first = under(module, "conv1.conv.weight");
  const auto second = under(module, "conv2.conv.weight");
  if (!keys.has(first) || !keys.has(second)) return false;
  const auto wide = keys.at(first).sizes(), narrow = keys.at(second).sizes();
  return wide.size() == 4 && narrow.size() == 4 && wide[2] == 3 &&
         wide[3] == 3 && narrow[2] == 1 && narrow[3] == 1 &&
         wide[0] == narrow[0] && wide[1] == narrow[1];
}

/// Parts of both convolutions, where no shapes tell that they are others.
bool is_part_of_yolov9(const Keys& keys, const std::string& module) {
  const auto has_layer = [&](const std::string& name) {
    return keys.has_path(under(module, name + ".conv")) ||
           keys.has_path(under(module, name + ".bn"));
  };
  const bool has_shapes = keys.has(under(module, "conv1.conv.weight")) &&
                          keys.has(under(module, "conv2.conv.weight"));
  return !has_shapes && has_layer("conv1") && has_layer("conv2");
}

ReadBlock read_yolov9(BlockReader& reader) {
  const auto groups = groups_by_identity(reader, "conv1.conv.weight", "bn");
  ReadBlock block;
  block.place = "conv";
  block.parts = {"conv1", "conv2"};
  block.sum = {reader.conv_bn("conv1", groups),
               reader.conv_bn("conv2", groups)};
  if (reader.has("bn")) {
    block.parts.emplace_back("bn");
    block.sum.push_back({reader.norm("bn")});
  }
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_yolov9() {
  return {{"yolov9", KindOfKeys::kGeneric, is_yolov9_at, read_yolov9,
           is_part_of_yolov9}};
}

}  // namespace expandnet
