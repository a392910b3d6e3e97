// Blocks by the keys of timm's code: RepVGG, MobileOne, RepGhost, RepViT,
// FastViT.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <c10/util/Exception.h>

#include <initializer_list>
#include <utility>

#include "base/weight_paths.h"
#include "deploy/foreign/branch_list.h"
#include "deploy/foreign/kinds.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

constexpr BranchNames kTimmNames = {"conv_kxk", "conv_scale", "identity"};

bool has_any(const Keys& keys, const std::string& module,
             std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (keys.has_path(under(module, name))) return true;
  }
  return false;
}

// ------------------------------------------------------------ RepVGG,
// MobileOne

/// A RepVGG block has one convolution where MobileOne has a list.
bool is_timm_repvgg_at(const Keys& keys, const std::string& module) {
  return has_any(keys, module, {"conv_kxk.conv", "conv_kxk.bn", "conv_1x1"});
}

ReadBlock read_timm_repvgg(BlockReader& reader) {
  const auto groups =
      groups_by_identity(reader, "conv_kxk.conv.weight", "identity");
  ReadBlock block;
  block.place = "reparam_conv";
  block.parts = {"conv_kxk", "conv_1x1"};
  block.sum = {reader.conv_bn("conv_kxk", groups),
               reader.conv_bn("conv_1x1", groups)};
  if (reader.has("identity")) {
    block.parts.emplace_back("identity");
    block.sum.push_back({reader.norm("identity")});
  }
  return block;
}

bool is_timm_mobileone_at(const Keys& keys, const std::string& module) {
  return has_any(keys, module, {"conv_kxk", "conv_scale"});
}

ReadBlock read_timm_mobileone(BlockReader& reader) {
  ReadBlock block;
  block.place = "reparam_conv";
  block.sum = read_branch_list(reader, "", kTimmNames, block.parts);
  return block;
}

// -------------------------------------------------------------------- FastViT

/// RepMixer: x + scale (mixer(x) - norm(x)), each a block of MobileOne's kind.
bool is_rep_mixer_at(const Keys& keys, const std::string& module) {
  return keys.has_path(under(module, "mixer.conv_kxk")) ||
         (keys.has_path(under(module, "mixer")) &&
          keys.has_path(under(module, "norm.identity")));
}

ReadBlock read_rep_mixer(BlockReader& reader) {
  ReadBlock block;
  block.place = "reparam_conv";
  auto change = read_branch_list(reader, "mixer", kTimmNames, block.parts);
  const auto channels = reader.size("mixer.conv_kxk.0.conv.weight", 0);
  const auto minus = scale_factor(-at::ones({channels}, at::kDouble));
  block.parts.emplace_back("norm.identity");
  change.push_back({reader.norm("norm.identity"), minus});
  if (reader.has("layer_scale")) {
    block.parts.emplace_back("layer_scale");
    change = followed_by(
        std::move(change),
        scale_factor(reader.tensor("layer_scale.gamma", 3).flatten()));
  }
  block.sum = std::move(change);
  block.sum.push_back({identity_factor(channels)});
  return block;
}

bool is_large_kernel_at(const Keys& keys, const std::string& module) {
  return has_any(keys, module, {"large_conv", "small_conv"});
}

ReadBlock read_large_kernel(BlockReader& reader) {
  ReadBlock block;
  block.place = "reparam_conv";
  block.parts = {"large_conv"};
  block.sum = {reader.conv_bn("large_conv", 1)};
  if (reader.has("small_conv")) {
    block.parts.emplace_back("small_conv");
    block.sum.push_back(reader.conv_bn("small_conv", 1));
  }
  return block;
}

/// The conditional position encoding: a depthwise convolution, added to its
/// input.
bool is_position_encoding_at(const Keys& keys, const std::string& module) {
  return keys.has_path(under(module, "pos_enc"));
}

ReadBlock read_position_encoding(BlockReader& reader) {
  const auto channels = reader.size("pos_enc.weight", 0);
  ReadBlock block;
  block.place = "reparam_conv";
  block.parts = {"pos_enc"};
  block.sum = {{reader.conv("pos_enc", channels, ConvBias::kPresent)},
               {identity_factor(channels)}};
  return block;
}

// ------------------------------------------------------------------- RepGhost

/// A depthwise convolution and an identity, each with a BatchNorm, behind an
/// activation. The convolution before that stays as it is.
bool is_repghost_at(const Keys& keys, const std::string& module) {
  return has_any(keys, module, {"fusion_bn", "fusion_conv"});
}

ReadBlock read_repghost(BlockReader& reader) {
  const auto groups =
      groups_by_identity(reader, "cheap_operation.0.weight", "fusion_bn.0");
  ReadBlock block;
  block.place = "cheap_operation";
  block.parts = {"cheap_operation", "fusion_bn"};
  block.beside = {"primary_conv", "relu"};
  block.sum = {
      reader.conv_norm("cheap_operation.0", "cheap_operation.1", groups),
      {reader.norm("fusion_bn.0")}};
  return block;
}

// --------------------------------------------------------------------- RepViT

/// A convolution and its BatchNorm, as the layers "c" and "bn".
BlockBranch read_c_bn(BlockReader& reader, const std::string& name,
                      std::int64_t groups) {
  return reader.conv_norm(under(name, "c"), under(name, "bn"), groups);
}

/// RepVGG's depthwise block as RepViT has it: a k x k convolution with its
/// BatchNorm, a 1x1 (with one of its own in the first release) and an identity.
bool has_first_of_mixer(const Keys& keys, const std::string& module) {
  return keys.has_path(under(module, "conv.c")) ||
         (keys.has_path(under(module, "conv.bn")) &&
          !keys.has_path(under(module, "conv.conv")));
}

bool is_repvit_mixer_at(const Keys& keys, const std::string& module) {
  return has_first_of_mixer(keys, module) &&
         keys.has_path(under(module, "conv1"));
}

bool is_part_of_repvit_mixer(const Keys& keys, const std::string& module) {
  return has_first_of_mixer(keys, module) && keys.has_path(under(module, "bn"));
}

ReadBlock read_repvit_mixer(BlockReader& reader) {
  const auto channels = reader.size("conv.c.weight", 0);
  const bool is_legacy = reader.has("conv1.c");
  ReadBlock block;
  block.parts = {"conv", "conv1"};
  block.sum = {read_c_bn(reader, "conv", channels),
               is_legacy ? read_c_bn(reader, "conv1", channels)
                         : BlockBranch{reader.conv("conv1", channels,
                                                   ConvBias::kPresent)},
               {identity_factor(channels)}};
  if (!is_legacy) {
    block.parts.emplace_back("bn");
    block.sum = followed_by(std::move(block.sum), reader.norm("bn"));
  }
  return block;
}

bool is_conv_norm_at(const Keys& keys, const std::string& module) {
  return keys.has_path(under(module, "c")) &&
         keys.has_path(under(module, "bn"));
}

/// Throws for a layer in the place "m" of a residual module: of such nets timm
/// removes that module, too, and gives the layer another name.
void check_not_residual(const BlockReader& reader) {
  const auto& site = reader.site();
  TORCH_CHECK(split_last(site.path).second != "m",
              error_message(site, "a net of timm must be one that is read here",
                            "a layer within a residual module",
                            "fold it with the code of timm"));
}

ReadBlock read_conv_norm(BlockReader& reader) {
  check_not_residual(reader);
  ReadBlock block;
  block.parts = {"c", "bn"};
  block.sum = {read_c_bn(reader, "", 1)};
  return block;
}

/// A BatchNorm before a linear layer.
BlockBranch read_norm_linear(BlockReader& reader, const std::string& name) {
  const auto weight = reader.tensor(under(name, "l.weight"), 2);
  const auto bias = reader.tensor(under(name, "l.bias"), 1);
  TORCH_CHECK(
      bias.size(0) == weight.size(0),
      error_message(reader.site(), "the layers of a block must fit",
                    sizes(bias.sizes()) + " beside " + sizes(weight.sizes()),
                    "the file may be damaged"));
  return {reader.norm(under(name, "bn")),
          kernel_factor(weight.unsqueeze(2).unsqueeze(3), bias, 1)};
}

bool is_norm_linear_at(const Keys& keys, const std::string& module) {
  return keys.has_path(under(module, "l")) &&
         keys.has_path(under(module, "bn"));
}

std::vector<std::int64_t> sizes_of_linear(const BlockReader& reader,
                                          const std::string& weight) {
  return {reader.size(weight, 0), reader.size(weight, 1)};
}

ReadBlock read_lone_norm_linear(BlockReader& reader) {
  ReadBlock block;
  block.weight_sizes = sizes_of_linear(reader, "l.weight");
  block.parts = {"bn", "l"};
  block.sum = {read_norm_linear(reader, "")};
  return block;
}

/// RepViT's head: one such classifier, or the mean of it and of one that was
/// distilled.
bool is_repvit_head_at(const Keys& keys, const std::string& module) {
  return !module.empty() &&
         (is_norm_linear_at(keys, under(module, "head")) ||
          is_norm_linear_at(keys, under(module, "head_dist")));
}

ReadBlock read_repvit_head(BlockReader& reader) {
  ReadBlock block;
  block.weight_sizes = sizes_of_linear(reader, "head.l.weight");
  block.parts = {"head"};
  block.sum = {read_norm_linear(reader, "head")};
  if (!reader.has("head_dist")) return block;
  block.parts.emplace_back("head_dist");
  const auto classes = reader.size("head.l.weight", 0);
  block.sum.push_back(read_norm_linear(reader, "head_dist"));
  block.sum = followed_by(std::move(block.sum),
                          scale_factor(at::full({classes}, 0.5, at::kDouble)));
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_timm() {
  constexpr const char* kTimm = "timm";
  return {
      {kTimm, KindOfKeys::kOwn, is_rep_mixer_at, read_rep_mixer},
      {kTimm, KindOfKeys::kOwn, is_timm_repvgg_at, read_timm_repvgg},
      {kTimm, KindOfKeys::kOwn, is_timm_mobileone_at, read_timm_mobileone},
      {kTimm, KindOfKeys::kOwn, is_large_kernel_at, read_large_kernel},
      {kTimm, KindOfKeys::kOwn, is_repghost_at, read_repghost},
      {kTimm, KindOfKeys::kGeneric, is_position_encoding_at,
       read_position_encoding},
      {kTimm, KindOfKeys::kGeneric, is_repvit_mixer_at, read_repvit_mixer,
       is_part_of_repvit_mixer},
      {kTimm, KindOfKeys::kGeneric, is_repvit_head_at, read_repvit_head},
      {kTimm, KindOfKeys::kGeneric, is_norm_linear_at, read_lone_norm_linear},
      {kTimm, KindOfKeys::kGeneric, is_conv_norm_at, read_conv_norm}};
}

}  // namespace expandnet
