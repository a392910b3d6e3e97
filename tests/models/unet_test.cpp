#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <expandnet/fold/plan.h>
#include <expandnet/models/unet.h>
#include <expandnet/models/unet_recipes.h>
#include <expandnet/nn/describe.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::UNet;
using models::unet_recipe;
using models::unet_recipes;
using models::UNetOptions;
using models::UpSampling;

std::int64_t unet_parameters(const UNetOptions& options) {
  std::int64_t count = 0;
  for (const auto& parameter : UNet(options)->parameters()) {
    count += parameter.numel();
  }
  return count;
}

UNetOptions small_unet(UpSampling up_sampling, bool batch_norm = false) {
  return UNetOptions()
      .classes(3)
      .width(2)
      .up_sampling(up_sampling)
      .batch_norm(batch_norm);
}

constexpr UpSampling kUpSamplings[] = {UpSampling::kTransposed,
                                       UpSampling::kBilinear};

TEST(UNet, HasThePublishedNumbersOfParameters) {
  EXPECT_EQ(unet_parameters(UNetOptions().width(16)), 1'941'411);
  EXPECT_EQ(unet_parameters(UNetOptions().width(32)), 7'760'691);
  EXPECT_EQ(unet_parameters(UNetOptions().width(64)), 31'032'915);
  EXPECT_EQ(
      unet_parameters(UNetOptions().width(64).classes(2).batch_norm(true)),
      31'037'698);
}

TEST(UNet, StartsWithWeightsThatKeepTheSpreadOfImages) {
  // Sampling leaves four standard errors of a spread: 4 / sqrt(2 n) of it.
  const at::NoGradGuard no_grad;
  torch::manual_seed(0);
  const UNet net(UNetOptions().width(16));
  for (const auto& item : net->named_parameters()) {
    const auto& values = item.value();
    if (item.key().rfind("head", 0) == 0) continue;
    if (values.dim() == 1) {
      EXPECT_TRUE(values.eq(0).all().item<bool>()) << item.key();
      continue;
    }
    const bool up = item.key().rfind("up", 0) == 0;
    const auto expected =
        up ? std::sqrt(1.0 / static_cast<double>(values.size(0)))
           : std::sqrt(2.0 * static_cast<double>(values.size(0)) /
                       static_cast<double>(values.numel()));
    const auto bound =
        4 / std::sqrt(2 * static_cast<double>(values.numel())) * expected;
    EXPECT_NEAR(values.square().mean().sqrt().item<double>(), expected, bound)
        << item.key();
  }
  UNet run(UNetOptions().width(16));
  const auto spread = run->forward(torch::randn({1, 3, 64, 64})).std();
  EXPECT_GT(spread.item<double>(), 0.05);
  EXPECT_LT(spread.item<double>(), 5);
}

TEST(UNet, TakesImagesOfAnySize) {
  const at::NoGradGuard no_grad;
  for (const auto up_sampling : kUpSamplings) {
    for (const bool batch_norm : {false, true}) {
      UNet net(small_unet(up_sampling, batch_norm));
      for (const auto& [height, width] :
           std::vector<std::pair<std::int64_t, std::int64_t>>{
               {32, 48}, {33, 16}, {1, 47}, {17, 31}}) {
        EXPECT_EQ(net(torch::randn({2, 3, height, width})).sizes(),
                  (std::vector<std::int64_t>{2, 3, height, width}));
      }
    }
  }
}

TEST(UNet, FillsUpWithZerosOnTheRightAndAtTheBottom) {
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  UNet net(small_unet(UpSampling::kTransposed));
  const auto image = torch::randn({1, 3, 20, 25});
  auto filled = at::zeros({1, 3, 32, 32});
  filled.slice(2, 0, 20).slice(3, 0, 25).copy_(image);
  EXPECT_EQ(
      relative_error(net(image), net(filled).slice(2, 0, 20).slice(3, 0, 25)),
      0);
}

TEST(UNet, NamesItsLayersByTheirPlaces) {
  for (const auto up_sampling : kUpSamplings) {
    UNet net(small_unet(up_sampling, true));
    std::set<std::string> names;
    for (const auto& child : net->named_children()) names.insert(child.key());
    EXPECT_EQ(names, (std::set<std::string>{
                         "encoder1", "encoder2", "encoder3", "encoder4",
                         "middle", "up4", "decoder4", "up3", "decoder3", "up2",
                         "decoder2", "up1", "decoder1", "head"}));
    EXPECT_TRUE(net->named_parameters().contains("decoder1.conv2.weight"));
    EXPECT_TRUE(net->named_parameters().contains("encoder4.bn1.bias"));
    EXPECT_FALSE(net->named_parameters().contains("middle.conv1.bias"));
    EXPECT_TRUE(net->named_parameters().contains("up3.bias"));
  }
}

TEST(UNet, GivesEveryParameterAGradient) {
  torch::manual_seed(0);
  for (const auto up_sampling : kUpSamplings) {
    UNet net(small_unet(up_sampling, true));
    net(torch::randn({2, 3, 32, 40})).square().sum().backward();
    for (const auto& parameter : net->named_parameters()) {
      EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
    }
  }
}

/// How far a row of ones reaches through layers of ones without biases.
std::int64_t measured_radius(UpSampling up_sampling) {
  const at::NoGradGuard no_grad;
  UNet net(UNetOptions().classes(1).width(1).in_channels(1).up_sampling(
      up_sampling));
  for (auto& parameter : net->parameters()) {
    parameter.fill_(parameter.dim() > 1 ? 1 : 0);
  }
  std::int64_t radius = 0;
  for (std::int64_t row = 160; row < 176; ++row) {
    auto image = at::zeros({1, 1, 336, 16});
    image.select(2, row).fill_(1);
    const auto reached = net(image).sum({0, 1, 3}).nonzero();
    radius = std::max({radius, row - reached.min().item<std::int64_t>(),
                       reached.max().item<std::int64_t>() - row});
  }
  return radius;
}

TEST(UNet, KnowsHowFarItSees) {
  for (const auto up_sampling : kUpSamplings) {
    UNet net(small_unet(up_sampling));
    EXPECT_EQ(net->receptive_radius(), measured_radius(up_sampling));
  }
}

/// What the recipe trains at width 32, of which no factor is made.
std::int64_t trained_parameters(const std::string& recipe) {
  UNet net;
  const auto selector = unet_recipe(recipe);
  auto count = unet_parameters({});
  for (const auto& module : net->named_modules("", false)) {
    const auto options = selector(module.key(), *module.value());
    if (!options.has_value()) continue;
    const auto layer =
        describe(module.value()->as<torch::nn::Conv2d>()->options);
    count += plan(layer, *options).parameter_count();
    for (const auto& parameter : module.value()->parameters()) {
      count -= parameter.numel();
    }
  }
  return count;
}

TEST(UNetRecipes, HaveThePublishedNumberOfParameters) {
  EXPECT_EQ(trained_parameters("paper"), 82'966'531);
}

TEST(UNetRecipes, ExpandTheTransposedConvolutionsForAll) {
  UNet net(small_unet(UpSampling::kTransposed));
  const auto paper = unet_recipe("paper");
  const auto all = unet_recipe("all");
  const auto none = unet_recipe("none");
  std::vector<std::string> by_paper, by_all;
  for (const auto& module : net->named_modules("", false)) {
    const auto& path = module.key();
    if (paper(path, *module.value())) by_paper.push_back(path);
    if (all(path, *module.value())) by_all.push_back(path);
    EXPECT_FALSE(none(path, *module.value()).has_value()) << path;
  }
  EXPECT_EQ(by_paper.size(), 10U);
  EXPECT_EQ(by_all.size(), 22U);
  EXPECT_EQ(std::count(by_paper.begin(), by_paper.end(), "middle.conv2"), 1);
  EXPECT_EQ(std::count(by_all.begin(), by_all.end(), "up4"), 1);
  EXPECT_EQ(std::count(by_all.begin(), by_all.end(), "head"), 0);
  EXPECT_EQ(unet_recipes(),
            (std::vector<std::string>{"none", "paper", "all", "orepa", "acb",
                                      "rep", "cl+skip"}));
}

TEST(UNetRecipes, ContractToTheSameLogits) {
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  for (const auto up_sampling : kUpSamplings) {
    UNet net(small_unet(up_sampling, true));
    auto expansion =
        expand(*net, unet_recipe("all", ExpansionOptions().initial_values(
                                            InitialValues::kKaimingNormal)));
    net->eval();
    const auto images = torch::rand({1, 3, 20, 32});
    const auto before = net(images);
    expansion.contract();
    EXPECT_LE(relative_error(net(images), before), 1e-5);
  }
}

TEST(UNetErrors, NameTheRuleAndTheValue) {
  EXPECT_EQ(error_of([] { UNet(UNetOptions().classes(0)); }),
            "UNet: classes must be positive, got 0");
  EXPECT_EQ(error_of([] { UNet(UNetOptions().width(-1)); }),
            "UNet: width must be positive, got -1");
  EXPECT_EQ(error_of([] { UNet(UNetOptions().in_channels(0)); }),
            "UNet: in_channels must be positive, got 0");
  EXPECT_EQ(
      error_of([] {
        UNet(small_unet(UpSampling::kTransposed))(at::zeros({1, 1, 5, 5}));
      }),
      "UNet: images must be [N, 3, H, W], got [1, 1, 5, 5]");
}

TEST(UNetRecipeErrors, NameWhatIsKnown) {
  EXPECT_EQ(error_of([] { (void)unet_recipe("cl"); }),
            "unet_recipe: name must be one of none, paper, all, "
            "orepa, acb, rep, cl+skip, got \"cl\"");
  EXPECT_EQ(error_of([] { (void)unet_recipe("all", Strategy::kCK); }),
            "unet_recipe: strategy and widths must be left to \"all\", got "
            "some; give a rate, or write a selector");
}

}  // namespace
}  // namespace expandnet::testing
