#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/models/yolo_lite_recipes.h>
#include <expandnet/nn/describe.h>
#include <expandnet/nn/run.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::yolo_lite_recipe;
using models::yolo_lite_recipes;
using models::YoloLite;
using models::YoloLiteOptions;

std::int64_t yolo_parameters(const YoloLiteOptions& options) {
  std::int64_t count = 0;
  for (const auto& parameter : YoloLite(options)->parameters()) {
    count += parameter.numel();
  }
  return count;
}

/// What the recipe trains, at that rate.
SummaryRow yolo_total(const std::string& recipe, double rate) {
  YoloLite net;
  return expand(*net, yolo_lite_recipe(recipe, ExpansionOptions().rate(rate)))
      .summary()
      .total();
}

TEST(YoloLite, HasThePublishedNumberOfParameters) {
  EXPECT_EQ(yolo_parameters({}), 572'317);
  EXPECT_EQ(yolo_parameters(YoloLiteOptions().classes(80)), 649'417);
  // Scale and shift in place of a bias: one more number a channel.
  EXPECT_EQ(yolo_parameters(YoloLiteOptions().batch_norm(true)),
            572'317 + 16 + 32 + 64 + 128 + 128 + 256);
}

TEST(YoloLite, HasThePublishedNumberOfMultiplyAdds) {
  YoloLite net;
  const at::NoGradGuard no_grad;
  EXPECT_EQ(net(at::ones({1, 3, 224, 224})).sizes(),
            (std::vector<std::int64_t>{1, 125, 7, 7}));
  std::int64_t side = 224;
  auto count = multiply_adds(describe(net->head->options), {7, 7});
  for (const auto& convolution : net->convolutions) {
    count += multiply_adds(describe(convolution->options), {side, side});
    side = std::max<std::int64_t>(side / 2, 7);
  }
  EXPECT_EQ(count, 240'004'352);
}

TEST(YoloLite, PredictsTheBoxesOfEachCell) {
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  for (const bool batch_norm : {false, true}) {
    YoloLite net(
        YoloLiteOptions().classes(3).anchors(2).batch_norm(batch_norm));
    EXPECT_EQ(net(torch::randn({2, 3, 64, 96})).sizes(),
              (std::vector<std::int64_t>{2, 16, 2, 3}));
  }
}

TEST(YoloLite, StartsAsDarknetDoes) {
  const at::NoGradGuard no_grad;
  torch::manual_seed(0);
  const YoloLite net;
  for (const auto& item : net->named_parameters()) {
    const auto& values = item.value();
    if (values.dim() == 1) {
      EXPECT_TRUE(values.eq(0).all().item<bool>()) << item.key();
      continue;
    }
    const auto count = static_cast<double>(values.numel());
    const auto expected =
        std::sqrt(2 * static_cast<double>(values.size(0)) / count);
    // Four standard errors.
    EXPECT_NEAR(values.square().mean().sqrt().item<double>(), expected,
                4 / std::sqrt(2 * count) * expected)
        << item.key();
  }
}

TEST(YoloLite, HasKeysOfItsOwn) {
  YoloLite net(YoloLiteOptions().batch_norm(true));
  std::string keys;
  for (const auto& entry : net->named_children()) keys += entry.key() + " ";
  EXPECT_EQ(keys,
            "conv1 bn1 conv2 bn2 conv3 bn3 conv4 bn4 conv5 bn5 conv6 bn6 "
            "conv7 ");
}

TEST(YoloLite, IsContractedToTheSameOutputs) {
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  for (const bool batch_norm : {false, true}) {
    YoloLite net(YoloLiteOptions().batch_norm(batch_norm));
    auto expansion = expand(
        *net, yolo_lite_recipe("all", ExpansionOptions().initial_values(
                                          InitialValues::kKaimingNormal)));
    net->eval();
    const auto images = torch::rand({2, 3, 64, 64});
    const auto before = net(images);
    expansion.contract();
    EXPECT_LE(relative_error(net(images), before), 1e-5);
  }
}

TEST(YoloLiteRecipes, HaveThePublishedNumbersOfParameters) {
  EXPECT_EQ(yolo_total("paper", 2).train_parameters, 1'427'333);
  EXPECT_EQ(yolo_total("paper", 4).train_parameters, 4'484'253);
  EXPECT_EQ(yolo_total("paper", 8).train_parameters, 16'469'837);
  EXPECT_EQ(yolo_total("all", 2).train_parameters, 2'476'677);
  EXPECT_EQ(yolo_total("all", 4).train_parameters, 9'237'149);
  EXPECT_EQ(yolo_total("all", 8).train_parameters, 35'707'725);
  EXPECT_EQ(yolo_total("all", 4).deploy_parameters, 572'317);
}

TEST(YoloLiteRecipes, SelectNothingForNone) {
  YoloLite net;
  const auto none = yolo_lite_recipe("none");
  EXPECT_EQ(yolo_lite_recipes(),
            (std::vector<std::string>{"none", "paper", "all", "orepa", "acb",
                                      "rep", "cl+skip"}));
  for (const auto& child : net->named_children()) {
    EXPECT_FALSE(none(child.key(), *child.value()).has_value()) << child.key();
  }
}

TEST(YoloLiteErrors, NameTheRuleAndTheValue) {
  EXPECT_EQ(error_of([] { YoloLite(YoloLiteOptions().classes(0)); }),
            "YoloLite: classes must be positive, got 0");
  EXPECT_EQ(error_of([] { YoloLite(YoloLiteOptions().anchors(-1)); }),
            "YoloLite: anchors must be positive, got -1");
  EXPECT_EQ(error_of([] {
              YoloLite()(at::ones({1, 3, 224, 200}));
            }),
            "YoloLite: images must have a height and a width that are "
            "multiples of 32, got [1, 3, 224, 200]; resize them, for example "
            "to 224x224");
}

TEST(YoloLiteRecipeErrors, NameWhatIsKnown) {
  EXPECT_EQ(error_of([] { (void)yolo_lite_recipe("cl"); }),
            "yolo_lite_recipe: name must be one of none, paper, all, "
            "orepa, acb, rep, cl+skip, got "
            "\"cl\"");
  EXPECT_EQ(error_of([] { (void)yolo_lite_recipe("all", Strategy::kCK); }),
            "yolo_lite_recipe: strategy and widths must be left to \"all\", "
            "got some; give a rate, or write a selector");
}

}  // namespace
}  // namespace expandnet::testing
