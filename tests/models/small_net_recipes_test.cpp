#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::InputWidth;
using models::small_net_recipe;
using models::small_net_recipes;
using models::SmallNet;
using models::SmallNetOptions;

SmallNet small_net(std::int64_t kernel) {
  return SmallNet(SmallNetOptions().kernel_size(kernel));
}

/// What the summary says of the layer at `path`: "CK 3 -> 3 -> 32 -> 8".
std::string expansion_of(const std::string& path, const Selector& recipe) {
  auto net = small_net(7);
  const auto summary = expand(*net, recipe).summary();
  for (const auto& row : summary.rows) {
    if (row.path == path) return row.expansion;
  }
  return "compact";
}

/// A row of the paper's tables.
struct Published {
  std::string recipe;
  std::int64_t kernel;
  std::int64_t train_parameters;
};
std::ostream& operator<<(std::ostream& stream, const Published& published) {
  return stream << published.recipe << " " << published.kernel;
}

class SmallNetRecipe : public ::testing::TestWithParam<Published> {};

TEST_P(SmallNetRecipe, HasThePapersNumberOfParameters) {
  const auto [recipe, kernel, train_parameters] = GetParam();
  auto net = small_net(kernel);

  const auto total = expand(*net, small_net_recipe(recipe)).summary().total();

  EXPECT_EQ(total.train_parameters, train_parameters);
  EXPECT_EQ(total.deploy_parameters, kernel == 7 ? 66'186 : 15'050);
}

INSTANTIATE_TEST_SUITE_P(Paper, SmallNetRecipe,
                         ::testing::Values(Published{"fc", 7, 1'624'970},
                                           Published{"cl", 7, 547'102},
                                           Published{"cl+fc", 7, 2'105'886},
                                           Published{"ck", 7, 186'982},
                                           Published{"ck+fc", 7, 1'745'766},
                                           Published{"fc", 3, 220'618},
                                           Published{"cl", 3, 109'086},
                                           Published{"cl+fc", 3, 314'654}));

TEST(SmallNetRecipes, AreTheRowsOfThePapersTables) {
  EXPECT_EQ(small_net_recipes(),
            (std::vector<std::string>{"none", "fc", "cl", "cl+fc", "ck",
                                      "ck+fc", "orepa", "orepa+fc", "acb",
                                      "acb+fc", "rep", "rep+fc", "cl+skip",
                                      "cl+skip+fc", "ck+rep", "ck+rep+fc"}));
}

TEST(SmallNetRecipes, ExpandBySumsOfBranches) {
  EXPECT_EQ(expansion_of("conv1", small_net_recipe("cl+skip")),
            "cl+skip CL 3 -> 3 -> 32 -> 8 + 1x1");
  EXPECT_EQ(expansion_of("conv2", small_net_recipe("ck+rep+fc")),
            "ck+rep CK 8 -> 32 -> 64 -> 16 + 1x1");
  EXPECT_EQ(expansion_of("conv3", small_net_recipe("acb")),
            "acb 7x7 + 1x7 + 7x1");
  EXPECT_EQ(expansion_of("fc1", small_net_recipe("acb")), "compact");
  EXPECT_EQ(expansion_of("fc1", small_net_recipe("orepa+fc")),
            "FC 512 -> 2048 -> 256 -> 64");
}

TEST(SmallNetRecipes, SelectNothingForNone) {
  const auto net = small_net(7);
  const auto none = small_net_recipe("none");

  for (const auto& child : net->named_children()) {
    EXPECT_FALSE(none(child.key(), *child.value()).has_value()) << child.key();
  }
}

TEST(SmallNetRecipes, KeepThreeChannelsUnlessToldOtherwise) {
  EXPECT_EQ(expansion_of("conv1", small_net_recipe("cl")),
            "CL 3 -> 3 -> 32 -> 8");
  EXPECT_EQ(expansion_of("conv2", small_net_recipe("cl")),
            "CL 8 -> 32 -> 64 -> 16");
  EXPECT_EQ(
      expansion_of("conv1", small_net_recipe("ck", {}, InputWidth::kWidened)),
      "CK 3 -> 12 -> 32 -> 8");
}

TEST(SmallNetRecipes, TakeTheRateFromTheOptions) {
  const auto recipe = small_net_recipe("ck+fc", ExpansionOptions().rate(2));

  EXPECT_EQ(expansion_of("conv1", recipe), "CK 3 -> 3 -> 16 -> 8");
  EXPECT_EQ(expansion_of("fc1", recipe), "FC 512 -> 1024 -> 128 -> 64");
  EXPECT_EQ(expansion_of("fc2", recipe), "compact");
}

TEST(SmallNetRecipes, FitOtherKernels) {
  auto net = small_net(5);

  const auto rows = expand(*net, small_net_recipe("ck")).summary().rows;

  EXPECT_EQ(rows.at(0).expansion, "CK 3 -> 3 -> 8");
  EXPECT_EQ(rows.at(1).expansion, "CK 8 -> 32 -> 16");
}

TEST(SmallNetRecipeErrors, NameTheKnownRecipes) {
  EXPECT_EQ(error_of([] { (void)small_net_recipe("cx"); }),
            "small_net_recipe: name must be one of none, fc, cl, cl+fc, ck, "
            "ck+fc, orepa, orepa+fc, acb, acb+fc, rep, rep+fc, cl+skip, "
            "cl+skip+fc, ck+rep, ck+rep+fc, got \"cx\"");
}

TEST(SmallNetRecipeErrors, RefuseOptionsThatAreTheRecipes) {
  EXPECT_EQ(
      error_of([] { (void)small_net_recipe("cl", Strategy::kCK); }),
      "small_net_recipe: strategy and widths must be left to \"cl\", got some; "
      "give a rate, or write a selector");
}

TEST(SmallNetRecipeErrors, NameTheLayerThatIsTooSmall) {
  auto net = small_net(3);

  EXPECT_EQ(error_of([&] { (void)expand(*net, small_net_recipe("ck")); }),
            "expand: CK needs a kernel with a side above 3, got 3x3 "
            "at \"conv1\"; use CL");
}

}  // namespace
}  // namespace expandnet::testing
