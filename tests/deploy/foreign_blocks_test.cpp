// Blocks of other systems, against what those systems compute.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// A layer sums some hundred products in fp64, in another order.
constexpr double kSameLayer = 1e-12;

/// A file that make_fixtures.py wrote.
Weights foreign_fixture(const std::string& name) {
  return read_safetensors(EXPANDNET_TESTS "/deploy/foreign/" + name +
                          ".safetensors");
}

at::Tensor tensor_of(const Weights& weights, const std::string& name) {
  for (const auto& [key, tensor] : weights.tensors) {
    if (key == name) return tensor;
  }
  return {};
}

std::vector<std::string> sorted_names(const Weights& weights) {
  std::vector<std::string> names;
  for (const auto& item : weights.tensors) names.push_back(item.first);
  std::sort(names.begin(), names.end());
  return names;
}

ForeignBlocksOptions of_system(const std::string& system) {
  ForeignBlocksOptions options;
  options.system = system;
  return options;
}

/// Gives the tensor another value.
Weights with_tensor(Weights weights, const std::string& name,
                    const at::Tensor& value) {
  for (auto& [key, tensor] : weights.tensors) {
    if (key != name) continue;
    tensor = value;
    return weights;
  }
  weights.tensors.emplace_back(name, value);
  return weights;
}

Weights without_tensor(Weights weights, const std::string& name) {
  auto& tensors = weights.tensors;
  tensors.erase(
      std::remove_if(tensors.begin(), tensors.end(),
                     [&](const auto& item) { return item.first == name; }),
      tensors.end());
  return weights;
}

std::string refusal_of(const Weights& weights,
                       const ForeignBlocksOptions& options = {}) {
  return error_of(
      [&] { static_cast<void>(contract_foreign_blocks(weights, options)); });
}

struct ForeignCase {
  const char* fixture;
  const char* system;
  /// Whether the keys tell the system.
  bool keys_tell;
};
void PrintTo(const ForeignCase& foreign, std::ostream* stream) {
  *stream << foreign.fixture;
}

class ForeignBlocks : public ::testing::TestWithParam<ForeignCase> {
 protected:
  void SetUp() override { weights_ = foreign_fixture(GetParam().fixture); }
  [[nodiscard]] std::int64_t fact(const std::string& name) const {
    return std::stoll(weights_.metadata.at(name));
  }
  /// What the deployed block computes of the fixture's input.
  [[nodiscard]] at::Tensor output_of(const Weights& deployed) const {
    at::Tensor weight, bias;
    for (const auto& [name, tensor] : deployed.tensors) {
      const bool is_new = !tensor_of(weights_, name).defined();
      if (is_new && tensor.dim() > 1) weight = tensor;
      if (is_new && tensor.dim() == 1) bias = tensor;
    }
    const auto input = tensor_of(weights_, "input");
    if (weight.dim() == 2) return at::linear(input, weight, bias);
    const std::vector<std::int64_t> stride(2, fact("stride"));
    const std::vector<std::int64_t> padding(2, fact("padding"));
    const std::vector<std::int64_t> dilation(2, 1);
    return at::conv2d(input, weight, bias, at::IntArrayRef(stride),
                      at::IntArrayRef(padding), at::IntArrayRef(dilation),
                      fact("groups"));
  }

  Weights weights_;
};

TEST_P(ForeignBlocks, ComputeWhatTheirSystemDoes) {
  auto options = of_system(GetParam().system);
  options.dtype = at::kDouble;

  const auto [deployed, report] = contract_foreign_blocks(weights_, options);

  EXPECT_LE(relative_error(output_of(deployed), tensor_of(weights_, "output")),
            kSameLayer);
  ASSERT_EQ(report.blocks.size(), 1U);
  const auto& block = report.blocks[0];
  EXPECT_EQ(block.system, GetParam().system);
  EXPECT_EQ(block.epsilon, std::stod(weights_.metadata.at("eps")));
  EXPECT_LE(block.error_fp64, kSameLayer);
  EXPECT_LE(block.error_dtype, kSameLayer);
}

TEST_P(ForeignBlocks, HaveTheNamesOfTheDeployedNet) {
  auto expected = split(weights_.metadata.at("deployed"), ' ');
  for (const auto* beside : {"input", "output"}) expected.emplace_back(beside);
  std::sort(expected.begin(), expected.end());

  const auto deployed =
      contract_foreign_blocks(weights_, of_system(GetParam().system)).weights;

  EXPECT_EQ(sorted_names(deployed), expected);
}

TEST_P(ForeignBlocks, KeepTheirDtype) {
  const auto [deployed, report] =
      contract_foreign_blocks(weights_, of_system(GetParam().system));

  for (const auto& [name, tensor] : deployed.tensors) {
    if (tensor_of(weights_, name).defined()) continue;
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
  }
  EXPECT_LE(report.blocks[0].error_dtype, kFloat.tolerance);
  EXPECT_EQ(report.blocks[0].dtype, "Float");
}

TEST_P(ForeignBlocks, AreFoundWhereTheirKeysTellThem) {
  const auto found = find_foreign_blocks(weights_);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "block");
  EXPECT_EQ(found[0].generic || found[0].systems.size() > 1,
            !GetParam().keys_tell);
  if (GetParam().keys_tell) {
    EXPECT_EQ(found[0].systems, std::vector<std::string>{GetParam().system});
    EXPECT_EQ(refusal_of(weights_), "");
  } else {
    EXPECT_NE(refusal_of(weights_), "");
  }
}

TEST_P(ForeignBlocks, AreRefusedWithoutOneOfTheirTensors) {
  for (const auto& [name, tensor] : weights_.tensors) {
    const auto has = [&, &full = name](const char* part) {
      return full.find(part) != std::string::npos;
    };
    const bool may_be_missing = !has("block.") || has("primary_conv") ||
                                has("layer_scale") ||
                                has("num_batches_tracked");
    if (may_be_missing) continue;
    EXPECT_NE(refusal_of(without_tensor(weights_, name),
                         of_system(GetParam().system)),
              "")
        << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    , ForeignBlocks,
    ::testing::Values(ForeignCase{"repvgg", "repvgg", false},
                      ForeignCase{"repvgg_stride", "repvgg", false},
                      ForeignCase{"yolov6", "yolov6", false},
                      ForeignCase{"yolov7", "yolov7", true},
                      ForeignCase{"yolov9", "yolov9", false},
                      ForeignCase{"yolov9_identity", "yolov9", false},
                      ForeignCase{"mobileone", "mobileone", true},
                      ForeignCase{"mobileone_stride", "mobileone", true},
                      ForeignCase{"mobileone_1x1", "mobileone", true},
                      ForeignCase{"acb", "acb", true},
                      ForeignCase{"acb_cropped", "acb", true},
                      ForeignCase{"dbb", "dbb", true},
                      ForeignCase{"dbb_stride", "dbb", true},
                      ForeignCase{"dbb_grouped", "dbb", true},
                      ForeignCase{"dbb_depthwise", "dbb", true},
                      ForeignCase{"orepa", "orepa", true},
                      ForeignCase{"orepa_grouped", "orepa", true},
                      ForeignCase{"orepa_1x1", "orepa", true},
                      ForeignCase{"orepa_repvgg", "orepa", false},
                      ForeignCase{"orepa_repvgg_stride", "orepa", false},
                      ForeignCase{"timm_repvgg", "timm", true},
                      ForeignCase{"timm_mobileone", "timm", true},
                      ForeignCase{"timm_mobileone_stride", "timm", true},
                      ForeignCase{"timm_repghost", "timm", true},
                      ForeignCase{"timm_repvit_mixer", "timm", false},
                      ForeignCase{"timm_repvit_mixer_legacy", "timm", false},
                      ForeignCase{"timm_repvit_conv", "timm", false},
                      ForeignCase{"timm_repvit_head", "timm", false},
                      ForeignCase{"timm_fastvit_mixer", "timm", true},
                      ForeignCase{"timm_fastvit_mixer_plain", "timm", true},
                      ForeignCase{"timm_fastvit_large", "timm", true},
                      ForeignCase{"timm_fastvit_position", "timm", false}),
    [](const auto& test) { return std::string(test.param.fixture); });

TEST(ForeignBlocksOfAFile, StandWhereTheyStoodBesideAllElse) {
  auto weights = foreign_fixture("yolov7");
  weights.tensors.insert(weights.tensors.begin(),
                         {"first.weight", torch::ones({2})});

  const auto deployed = contract_foreign_blocks(weights).weights;

  std::vector<std::string> names;
  for (const auto& item : deployed.tensors) names.push_back(item.first);
  const auto input = std::find(names.begin(), names.end(), "input");
  EXPECT_EQ(names.front(), "first.weight");
  EXPECT_NE(input, names.end());
  EXPECT_EQ(names.size(), 5U);
  EXPECT_TRUE(tensor_of(deployed, "input").equal(tensor_of(weights, "input")));
  EXPECT_EQ(deployed.metadata, weights.metadata);
}

/// The fixture's block alone, under another path.
Weights block_at(const std::string& path, const std::string& fixture) {
  Weights block;
  for (const auto& [name, tensor] : foreign_fixture(fixture).tensors) {
    if (name.rfind("block.", 0) != 0) continue;
    block.tensors.emplace_back(path + name.substr(path.empty() ? 6 : 5),
                               tensor);
  }
  return block;
}

void append(const Weights& more, Weights& weights) {
  weights.tensors.insert(weights.tensors.end(), more.tensors.begin(),
                         more.tensors.end());
}

TEST(ForeignBlocksOfAFile, MayBeTheWholeFile) {
  const auto names_of = [](const char* fixture, const char* system) {
    const auto [deployed, report] =
        contract_foreign_blocks(block_at("", fixture), of_system(system));
    EXPECT_EQ(report.blocks.size(), 1U) << fixture;
    return sorted_names(deployed);
  };
  const auto layer = [](const std::string& path) {
    return std::vector<std::string>{path + "bias", path + "weight"};
  };

  EXPECT_EQ(names_of("acb", "acb"), layer("fused_conv."));
  // These have blocks within them.
  EXPECT_EQ(names_of("timm_fastvit_mixer", "timm"), layer("reparam_conv."));
  EXPECT_EQ(names_of("timm_repvit_mixer", "timm"), layer(""));
}

TEST(ForeignBlocksOfAFile, AreNotHiddenByWhatMayBeAnOrdinaryModule) {
  auto weights = block_at("net.stage.0", "timm_mobileone");
  append(block_at("net", "timm_fastvit_position"), weights);

  const auto found = find_foreign_blocks(weights);

  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].generic);
  EXPECT_EQ(found[1].path, "net.stage.0");
  EXPECT_FALSE(found[1].generic);
}

TEST(ForeignBlocksOfAFile, DifferWithEps) {
  const auto weights = foreign_fixture("repvgg");
  const auto expected =
      tensor_of(contract_foreign_blocks(weights, of_system("repvgg")).weights,
                "block.rbr_reparam.weight");
  auto set = of_system("yolov6");
  set.epsilon = 1e-5;

  const auto by_name =
      contract_foreign_blocks(weights, of_system("yolov6")).weights;
  const auto by_value = contract_foreign_blocks(weights, set).weights;

  EXPECT_GT(
      relative_error(tensor_of(by_name, "block.rbr_reparam.weight"), expected),
      1e-4);
  EXPECT_TRUE(tensor_of(by_value, "block.rbr_reparam.weight").equal(expected));
}

TEST(ForeignBlocksOfAFile, PrintAsATable) {
  ForeignBlocksReport report;
  FoldedBlock block;
  block.layer = "stage1.0.rbr_reparam";
  block.system = "repvgg";
  block.parts = {"rbr_dense", "rbr_1x1"};
  block.epsilon = 1e-5;
  block.error_fp64 = 2e-16;
  block.error_dtype = 3e-8;
  block.dtype = "Float";
  report.blocks.push_back(block);

  EXPECT_EQ(report.to_string(),
            "layer                 system  parts                   eps  error "
            "fp64          error\n"
            "--------------------  ------  ------------------  -------  "
            "----------  -------------\n"
            "stage1.0.rbr_reparam  repvgg  rbr_dense, rbr_1x1  1.0e-05     "
            "2.0e-16  3.0e-08 Float\n");
}

// ------------------------------------------------------------------ refusals

TEST(ForeignBlocksErrors, AskWhoseKeysTheyAre) {
  EXPECT_EQ(refusal_of(foreign_fixture("repvgg")),
            "contract_foreign_blocks: the keys of a block must be of one "
            "system, got those of repvgg and yolov6 at \"block\"; name it with "
            "--system, since they differ in eps");
  EXPECT_EQ(refusal_of(foreign_fixture("yolov9")),
            "contract_foreign_blocks: keys that other modules have, too, need "
            "the system's name, got those of yolov9 at \"block\"; add --system "
            "yolov9");
  EXPECT_EQ(refusal_of(foreign_fixture("acb"), of_system("resnet")),
            "contract_foreign_blocks: the system must be one of acb, dbb, "
            "mobileone, orepa, repvgg, timm, yolov6, yolov7, yolov9, got "
            "\"resnet\"");
}

TEST(ForeignBlocksErrors, RefuseTwoSystems) {
  auto weights = foreign_fixture("acb");
  for (const auto& [name, tensor] : foreign_fixture("dbb").tensors) {
    if (name.rfind("block.", 0) != 0) continue;
    weights.tensors.emplace_back("other" + name.substr(5), tensor);
  }

  EXPECT_EQ(refusal_of(weights),
            "contract_foreign_blocks: all blocks must be of one system, got "
            "acb at \"block\" and dbb at \"other\"; contract those of one "
            "after the other with --system");

  const auto first = contract_foreign_blocks(weights, of_system("acb"));
  ASSERT_EQ(first.report.blocks_left.size(), 1U);
  EXPECT_NE(first.report.to_string().find("\nleft: 1 block of dbb\n"),
            std::string::npos);
  const auto second = contract_foreign_blocks(first.weights);
  EXPECT_EQ(second.report.blocks[0].layer, "other.dbb_reparam");
}

TEST(ForeignBlocksErrors, NameGenericKeysBesideASystemsOwn) {
  auto weights = foreign_fixture("timm_fastvit_mixer");
  for (const auto& [name, tensor] :
       foreign_fixture("timm_fastvit_position").tensors) {
    if (name.rfind("block.", 0) != 0) continue;
    weights.tensors.emplace_back("encoding" + name.substr(5), tensor);
  }

  EXPECT_EQ(refusal_of(weights),
            "contract_foreign_blocks: keys that other modules have, too, need "
            "the system's name, got those of timm at \"encoding\"; add "
            "--system timm");
  EXPECT_EQ(
      contract_foreign_blocks(weights, of_system("timm")).report.blocks.size(),
      2U);
}

TEST(ForeignBlocksErrors, NameWhatIsMissingOrAnothers) {
  const auto weights = foreign_fixture("repvgg");
  const auto repvgg = of_system("repvgg");

  EXPECT_EQ(
      refusal_of(without_tensor(weights, "block.rbr_1x1.bn.running_var"),
                 repvgg),
      "contract_foreign_blocks: a block of repvgg must be whole, got no "
      "\"rbr_1x1.bn.running_var\" at \"block\"; read all files of the net, or "
      "leave blocks as they are with --system none");
  EXPECT_EQ(
      refusal_of(with_tensor(weights, "block.rbr_5x5.conv.weight",
                             torch::ones({4, 2, 5, 5})),
                 repvgg),
      "contract_foreign_blocks: a block of repvgg must have no keys of others, "
      "got \"rbr_5x5.conv.weight\" at \"block\"; fold it with the code of its "
      "own system, or leave blocks as they are with --system none");
  EXPECT_EQ(
      refusal_of(without_tensor(weights, "block.rbr_dense.bn.weight"), repvgg),
      "contract_foreign_blocks: a block of repvgg must be whole, got no "
      "\"rbr_dense.bn.weight\" at \"block\"; read all files of the net, or "
      "leave blocks as they are with --system none");
  EXPECT_EQ(
      refusal_of(
          with_tensor(weights, "block.rbr_dense.conv.bias", torch::ones({4})),
          repvgg),
      "contract_foreign_blocks: a block of repvgg must have no keys of others, "
      "got \"rbr_dense.conv.bias\" at \"block\"; fold it with the code of "
      "its own system, or leave blocks as they are with --system none");
  EXPECT_EQ(refusal_of(with_tensor(weights, "block.se.down.weight",
                                   torch::ones({1, 4, 1, 1})),
                       repvgg),
            "");
}

TEST(ForeignBlocksErrors, NameABlockThatIsNotWholeBesideOneThatIs) {
  auto yolo = foreign_fixture("yolov9");
  append(without_tensor(block_at("other", "yolov9"), "other.conv2.conv.weight"),
         yolo);
  EXPECT_EQ(refusal_of(yolo, of_system("yolov9")),
            "contract_foreign_blocks: a block of yolov9 must be whole, got no "
            "\"conv2.conv.weight\" at \"other\"; read all files of the net, "
            "or leave blocks as they are with --system none");

  auto mixers = foreign_fixture("timm_repvit_mixer");
  auto without = block_at("other", "timm_repvit_mixer");
  for (const auto* part : {"weight", "bias"}) {
    without = without_tensor(without, std::string("other.conv1.") + part);
  }
  append(without, mixers);
  EXPECT_EQ(refusal_of(mixers, of_system("timm")),
            "contract_foreign_blocks: a block of timm must be whole, got no "
            "\"conv1.weight\" at \"other\"; read all files of the net, or "
            "leave blocks as they are with --system none");
}

TEST(ForeignBlocksErrors, LeaveNetsWhoseResidualModulesTimmRemoves) {
  EXPECT_EQ(refusal_of(block_at("blocks.0.conv.m", "timm_repvit_conv"),
                       of_system("timm")),
            "contract_foreign_blocks: a net of timm must be one that is read "
            "here, got a layer within a residual module at "
            "\"blocks.0.conv.m\"; fold it with the code of timm");
}

TEST(ForeignBlocksErrors, NameNumbersThatNoNetHas) {
  const auto weights = foreign_fixture("repvgg");
  const auto repvgg = of_system("repvgg");
  const auto nan = std::numeric_limits<float>::quiet_NaN();

  EXPECT_EQ(
      refusal_of(with_tensor(weights, "block.rbr_1x1.conv.weight",
                             torch::full({4, 2, 1, 1}, nan)),
                 repvgg),
      "contract_foreign_blocks: a block of repvgg must hold finite numbers, "
      "got inf or nan in \"rbr_1x1.conv.weight\" at \"block\"; go back to a "
      "checkpoint before the divergence");
  EXPECT_EQ(refusal_of(with_tensor(weights, "block.rbr_identity.running_var",
                                   torch::full({4}, -0.5)),
                       repvgg),
            "contract_foreign_blocks: variance + eps must be positive, and no "
            "variance negative, got -5.0e-01 + 1.0e-05 in \"rbr_identity\" at "
            "\"block\"; go back to a checkpoint before the divergence");
}

TEST(ForeignBlocksErrors, NameShapesThatDoNotFit) {
  const auto weights = foreign_fixture("repvgg_stride");
  const auto repvgg = of_system("repvgg");

  EXPECT_EQ(refusal_of(with_tensor(weights, "block.rbr_1x1.conv.weight",
                                   torch::ones({4, 2, 1, 1})),
                       repvgg),
            "contract_foreign_blocks: the layers of a block must fit, got [4, "
            "2, 3, 3] beside [4, 3, 3, 3] at \"block\"; the file may be "
            "damaged");
  EXPECT_EQ(refusal_of(with_tensor(weights, "block.rbr_1x1.conv.weight",
                                   torch::ones({4, 3, 2, 2})),
                       repvgg),
            "contract_foreign_blocks: the layers of a block must fit, got a "
            "kernel of 2x2 in one of 3x3 at \"block\"; the file may be "
            "damaged");
  EXPECT_EQ(refusal_of(with_tensor(weights, "block.rbr_dense.conv.weight",
                                   torch::ones({4, 3, 3})),
                       repvgg),
            "contract_foreign_blocks: \"rbr_dense.conv.weight\" must have 4 "
            "dimensions of floating point, got Float [4, 3, 3] at \"block\"; "
            "fold it with the code of its own system");
  EXPECT_EQ(refusal_of(with_tensor(weights, "block.rbr_dense.bn.running_mean",
                                   torch::ones({5})),
                       repvgg),
            "contract_foreign_blocks: \"rbr_dense.bn\" must have a number of "
            "each kind for each channel, got [4] for [5] at \"block\"; the "
            "file may be damaged");
}

TEST(ForeignBlocksErrors, NameDtypesThatAreMixedOrTooNarrow) {
  const auto weights = foreign_fixture("acb");
  const auto name = "block.ver_conv.weight";
  auto half = of_system("acb");
  half.dtype = at::kHalf;

  EXPECT_EQ(refusal_of(with_tensor(weights, name,
                                   tensor_of(weights, name).to(at::kHalf))),
            "contract_foreign_blocks: the convolutions of a block must have "
            "one dtype of Half, BFloat16, Float and Double, got Float, Half at "
            "\"block\"; choose the layer's with "
            "--dtype");
  EXPECT_EQ(
      refusal_of(with_tensor(weights, name, tensor_of(weights, name) * 1e6),
                 half),
      "contract_foreign_blocks: a contracted layer must keep to the "
      "range of its dtype, got inf or nan in Half at \"block\"; choose a "
      "wider one with --dtype");
}

TEST(ForeignBlocksErrors, SayWhereThereIsNothing) {
  const Weights plain = {{{"fc.weight", torch::ones({2, 3})}}, {}};
  EXPECT_EQ(refusal_of(plain),
            "contract_foreign_blocks: the weights must hold blocks to fold, "
            "got none; run `expandnet summary FILE` to list the blocks");
  EXPECT_EQ(refusal_of(plain, of_system("timm")),
            "contract_foreign_blocks: the weights must hold blocks of timm, "
            "got none; run `expandnet summary FILE` to list the blocks");
}

// --------------------------------------------------------------------- pairs

/// A convolution, a linear layer and their BatchNorms.
Weights pairs_of_layers() {
  torch::manual_seed(0);
  Weights weights;
  const auto add_norm = [&](const std::string& name, std::int64_t channels) {
    auto& tensors = weights.tensors;
    tensors.emplace_back(name + ".weight", torch::randn({channels}));
    tensors.emplace_back(name + ".bias", torch::randn({channels}));
    tensors.emplace_back(name + ".running_mean", torch::randn({channels}));
    tensors.emplace_back(name + ".running_var", torch::rand({channels}) + 0.1);
    tensors.emplace_back(name + ".num_batches_tracked", torch::tensor(3));
  };
  weights.tensors.emplace_back("stem.conv1.weight", torch::randn({4, 3, 3, 3}));
  add_norm("stem.bn1", 4);
  weights.tensors.emplace_back("head.0.weight", torch::randn({5, 4}));
  weights.tensors.emplace_back("head.0.bias", torch::randn({5}));
  add_norm("head.1", 5);
  add_norm("norm_of_nothing", 5);
  return weights;
}

ForeignBlocksOptions fusing(double epsilon) {
  ForeignBlocksOptions options;
  options.fuse_batch_norms = true;
  options.epsilon = epsilon;
  return options;
}

TEST(BatchNormPairs, BecomeTheirLayers) {
  const auto weights = pairs_of_layers();
  const auto x = torch::randn({2, 3, 6, 5}, at::kDouble);
  const auto norm = [&](const at::Tensor& y, const std::string& name) {
    const auto of = [&](const char* kind) {
      return tensor_of(weights, name + kind).to(at::kDouble);
    };
    return at::batch_norm(y, of(".weight"), of(".bias"), of(".running_mean"),
                          of(".running_var"), false, 0, 0.02, false);
  };
  auto options = fusing(0.02);
  options.dtype = at::kDouble;

  const auto [fused, report] = contract_foreign_blocks(weights, options);

  const auto conv = tensor_of(weights, "stem.conv1.weight").to(at::kDouble);
  EXPECT_LE(relative_error(at::conv2d(x, tensor_of(fused, "stem.conv1.weight"),
                                      tensor_of(fused, "stem.conv1.bias")),
                           norm(at::conv2d(x, conv), "stem.bn1")),
            kSameLayer);
  const auto features = torch::randn({3, 4}, at::kDouble);
  const auto linear = tensor_of(weights, "head.0.weight").to(at::kDouble);
  const auto bias = tensor_of(weights, "head.0.bias").to(at::kDouble);
  EXPECT_LE(
      relative_error(at::linear(features, tensor_of(fused, "head.0.weight"),
                                tensor_of(fused, "head.0.bias")),
                     norm(at::linear(features, linear, bias), "head.1")),
      kSameLayer);
  EXPECT_EQ(fused.tensors.size(), 4U + 5U);  // and what is behind nothing
  ASSERT_EQ(report.blocks.size(), 2U);
  EXPECT_EQ(report.blocks[0].system, "conv+bn");
  EXPECT_EQ(report.blocks[0].parts,
            (std::vector<std::string>{"head.0", "head.1"}));
}

TEST(BatchNormPairs, AreFusedBesideBlocks) {
  auto weights = foreign_fixture("yolov9");
  for (auto& item : pairs_of_layers().tensors) weights.tensors.push_back(item);
  auto options = fusing(1e-3);
  options.system = "yolov9";

  const auto [fused, report] = contract_foreign_blocks(weights, options);

  ASSERT_EQ(report.blocks.size(), 3U);
  EXPECT_EQ(report.blocks[0].layer, "block.conv");
  EXPECT_EQ(report.blocks[1].layer, "head.0");
}

TEST(BatchNormPairs, TellWhichBatchNormsAreLeft) {
  const auto [fused, report] =
      contract_foreign_blocks(pairs_of_layers(), fusing(1e-3));

  EXPECT_EQ(report.norms_left, std::vector<std::string>{"norm_of_nothing"});
  const auto text = report.to_string();
  EXPECT_NE(text.find("left, as no layer before it has its name: BatchNorm "
                      "norm_of_nothing\n"),
            std::string::npos)
      << text;
}

TEST(BatchNormPairs, MayBeOfAnyDimensionAndWithoutScale) {
  for (const std::size_t dims : {1, 2, 3}) {
    std::vector<std::int64_t> sizes = {4, 3};
    sizes.resize(2 + dims, 3);
    auto weights = pairs_of_layers();
    const auto weight = torch::randn(sizes);
    weights = with_tensor(weights, "stem.conv1.weight", weight);
    for (const auto* part : {"weight", "bias"}) {
      weights = without_tensor(weights, std::string("stem.bn1.") + part);
    }

    const auto fused = contract_foreign_blocks(weights, fusing(0.02)).weights;

    std::vector<std::int64_t> each(sizes.size(), 1);
    each[0] = -1;
    const auto scale =
        (tensor_of(weights, "stem.bn1.running_var") + 0.02).rsqrt();
    EXPECT_LE(relative_error(tensor_of(fused, "stem.conv1.weight"),
                             weight * scale.reshape(each)),
              kFloat.tolerance);
    EXPECT_LE(
        relative_error(tensor_of(fused, "stem.conv1.bias"),
                       -tensor_of(weights, "stem.bn1.running_mean") * scale),
        kFloat.tolerance);
  }
}

TEST(BatchNormPairs, DoNotTearWhatMayBeABlock) {
  const auto weights = foreign_fixture("yolov9");

  EXPECT_EQ(refusal_of(weights, fusing(1e-3)),
            "contract_foreign_blocks: a layer and its BatchNorm must not be "
            "part of a block, got \"block.conv1.conv\" in what may be one of "
            "yolov9 at \"block\"; add --system yolov9, or --system none if it "
            "is none");

  auto none = fusing(1e-3);
  none.system = "none";
  EXPECT_EQ(contract_foreign_blocks(weights, none).report.blocks.size(), 2U);
}

TEST(BatchNormPairsErrors, NameTwoOfOneLayerAndOnesThatAreNotWhole) {
  auto two = pairs_of_layers();
  for (const auto& [name, tensor] : pairs_of_layers().tensors) {
    if (name.rfind("stem.bn1.", 0) != 0) continue;
    two.tensors.emplace_back("stem.norm1." + name.substr(9), tensor);
  }
  EXPECT_EQ(refusal_of(two, fusing(1e-3)),
            "contract_foreign_blocks: a layer must have one BatchNorm behind "
            "it, got \"stem.bn1\" and \"stem.norm1\" at \"stem.conv1\"; the "
            "names do not tell which: leave out --fuse-bn");
  EXPECT_EQ(refusal_of(without_tensor(pairs_of_layers(), "stem.bn1.bias"),
                       fusing(1e-3)),
            "contract_foreign_blocks: a layer and its BatchNorm must be whole, "
            "got no \"stem.bn1.bias\" at \"stem.conv1\"; read all files of "
            "the net, or leave out --fuse-bn");
}

TEST(BatchNormPairsErrors, AskForEpsAndRefuseOtherOrders) {
  ForeignBlocksOptions without;
  without.fuse_batch_norms = true;
  EXPECT_EQ(refusal_of(pairs_of_layers(), without),
            "contract_foreign_blocks: pairs of layer and BatchNorm need their "
            "eps, got none; give the net's with --bn-eps: no file says it");
  EXPECT_EQ(refusal_of(pairs_of_layers(), fusing(-1)),
            "contract_foreign_blocks: eps must be positive and finite, got "
            "-1.000000");
  EXPECT_EQ(refusal_of(with_tensor(pairs_of_layers(), "stem.conv1.weight",
                                   torch::ones({6, 4, 3, 3})),
                       fusing(1e-5)),
            "contract_foreign_blocks: a BatchNorm behind a layer must have its "
            "output channels, got 4 for 6 of \"stem.conv1\" at \"stem.bn1\"; "
            "the net may have its BatchNorms before the layers, or be "
            "transposed: leave out --fuse-bn");
}

}  // namespace
}  // namespace expandnet::testing
