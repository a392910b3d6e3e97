#include "trainers/app/runs/layer_strategies.h"

#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::examples {
namespace {

using ExpansionWords = std::vector<std::string>;

models::SmallNet plain_net() {
  torch::manual_seed(0);
  return models::SmallNet(models::SmallNetOptions().kernel_size(3));
}

/// How the recipe cl expands each layer where --strategy says this.
ExpansionWords expansions(const ExpansionWords& strategy) {
  auto net = plain_net();
  Settings settings;
  settings.rate = 2;
  settings.narrow = NarrowChoice::kOff;
  settings.strategy = strategy;
  const auto expansion = expand(
      *net,
      with_strategies(
          *net, models::small_net_recipe("cl", expansion_options(settings)),
          settings));
  ExpansionWords words;
  for (const auto& row : expansion.summary().rows) {
    if (row.path != "(other)") words.push_back(row.path + " " + row.expansion);
  }
  return words;
}

TEST(LayerStrategies, TakeThePlaceOfTheRecipes) {
  const ExpansionWords usual = expansions({});
  ASSERT_EQ(usual.size(), 3U);

  EXPECT_EQ(expansions({"conv2=none"}), (ExpansionWords{usual[0], usual[2]}));
  EXPECT_EQ(expansions({"*=none", "fc1=fc"}),
            ExpansionWords{"fc1 FC 128 -> 256 -> 128 -> 64"});
}

TEST(LayerStrategies, OfWhichTheLastCounts) {
  const ExpansionWords usual = expansions({});

  EXPECT_EQ(expansions({"conv2=none", "conv?=cl", "conv1=none"}),
            (ExpansionWords{usual[1], usual[2]}));
}

TEST(LayerStrategies, NameLayersAndTheModulesAroundThem) {
  Settings settings;
  settings.strategy = {"blocks.*.conv=ck", "stem=none"};
  const auto is_named = named_by_strategies(settings);

  for (const auto* path : {"blocks.0.conv", "blocks.1.conv.0", "stem.conv"}) {
    EXPECT_TRUE(is_named(path)) << path;
  }
  for (const auto* path : {"blocks.0", "blocks.0.fc", "stems"}) {
    EXPECT_FALSE(is_named(path)) << path;
  }
}

TEST(LayerStrategies, AreRefusedWhereTheyNameNothing) {
  for (const std::string pattern : {"bn1", "layer4.*"}) {
    EXPECT_EQ(
        expandnet::testing::error_of([&] { expansions({pattern + "=cl"}); }),
        "--strategy: a pattern must name convolutions or linear layers, "
        "got \"" +
            pattern +
            "\"; the net has conv1, bn1, conv2, bn2, conv3, bn3, fc1, "
            "fc2");
  }
  EXPECT_EQ(expandnet::testing::error_of([&] { expansions({"conv1=ck"}); }),
            "expand: CK needs a kernel with a side above 3, got 3x3 at "
            "\"conv1\"; use CL");
}

TEST(LayerStrategies, AreAPatternAndAName) {
  EXPECT_EQ(complaint_about_strategy("a.*=cl"), "");
  EXPECT_EQ(complaint_about_strategy("a=none"), "");
  for (const std::string wrong : {"cl", "a=CL", "=cl", "a=", "a=cl=x"}) {
    EXPECT_EQ(complaint_about_strategy(wrong),
              "must be PATTERN=fc, cl, ck, orepa, acb, rep, cl+skip, ck+rep "
              "or none, got " +
                  wrong);
  }
}

}  // namespace
}  // namespace expandnet::examples
