#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v2.h>
#include <gtest/gtest.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "models/imagenet_nets.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using models::imagenet_recipe;
using models::imagenet_training;

const ImageNetNet& net_named(const std::string& name) {
  for (const auto& net : imagenet_nets()) {
    if (net.name == name) return net;
  }
  throw std::invalid_argument(name);
}

/// "model.0.0: CL 3 -> 12 -> 128 -> 32" for each layer that the paper expands.
std::vector<std::string> chains_of(const std::string& name,
                                   const ExpansionOptions& options = {}) {
  const auto net = net_named(name).make(10);
  const auto expansion =
      expand(*net.module, imagenet_recipe(name, "paper", options));
  std::vector<std::string> chains;
  for (const auto& row : expansion.summary().rows) {
    if (row.path != "(other)")
      chains.push_back(row.path + ": " + row.expansion);
  }
  return chains;
}

/// Three steps on noise.
void train_a_little(const train::Model& net, Expansion& expansion) {
  torch::optim::SGD optimizer(
      expansion.parameters(),
      torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(
          1e-4));
  for (int step = 0; step < 3; ++step) {
    const auto images = torch::randn({8, 3, 32, 32}, at::kDouble);
    const auto labels = torch::randint(10, {8}, at::kLong);
    expansion.zero_grad();
    at::cross_entropy_loss(net.forward(images), labels).backward();
    expansion.step(optimizer);
  }
}

class ImageNetRecipe : public ::testing::TestWithParam<ImageNetNet> {};

TEST_P(ImageNetRecipe, HasThePapersNumberOfParameters) {
  const auto net = GetParam().make(1000);

  const auto expansion =
      expand(*net.module, imagenet_recipe(GetParam().name, "paper"));

  const auto total = expansion.summary().total();
  EXPECT_EQ(expansion.size(), GetParam().chains);
  EXPECT_EQ(expansion.notes(), std::vector<std::string>());
  EXPECT_EQ(total.train_parameters, GetParam().expanded_parameters);
  EXPECT_EQ(total.deploy_parameters, GetParam().parameters);
}

TEST_P(ImageNetRecipe, HasChainsWithoutBiases) {
  const auto net = GetParam().make(10);
  const auto expansion =
      expand(*net.module, imagenet_recipe(GetParam().name, "paper"));

  for (const auto& entry : expansion.named_parameters()) {
    const bool factor = entry.key().find(".chain.") != std::string::npos;
    EXPECT_FALSE(factor && entry.value().dim() == 1) << entry.key();
  }
}

TEST_P(ImageNetRecipe, TrainsToAnExactContraction) {
  torch::manual_seed(0);
  const auto net = GetParam().make(10);
  net.module->to(at::kDouble);  // fifty layers amplify the rounding of floats
  const auto compact_state = state_of(*net.module);
  auto expansion =
      expand(*net.module, imagenet_recipe(GetParam().name, "paper",
                                          ExpansionOptions().initial_values(
                                              InitialValues::kKaimingNormal)));
  const auto first = net.module->parameters().front().clone();
  train_a_little(net, expansion);
  EXPECT_GT(relative_error(net.module->parameters().front(), first), 1e-3);

  EXPECT_EQ(expansion.verify().layers.size(), GetParam().chains);

  net.module->eval();
  const at::NoGradGuard no_grad;
  const auto images = torch::randn({2, 3, 32, 32}, at::kDouble);
  const auto before = net.forward(images);
  const auto report = expansion.contract();
  EXPECT_EQ(report.layers.size(), GetParam().chains);
  EXPECT_EQ(expansion.size(), 0U);
  EXPECT_EQ(state_of(*net.module), compact_state);
  EXPECT_LE(relative_error(net.forward(images), before), kDouble.tolerance);
}

TEST_P(ImageNetRecipe, SelectsNothingForNone) {
  const auto net = GetParam().make(10);
  const auto none = imagenet_recipe(GetParam().name, "none");

  for (const auto& entry : net.module->named_modules("", false)) {
    EXPECT_FALSE(none(entry.key(), *entry.value()).has_value()) << entry.key();
  }
}

INSTANTIATE_TEST_SUITE_P(Paper, ImageNetRecipe,
                         ::testing::ValuesIn(imagenet_nets()),
                         [](const auto& net) { return name_of(net.param); });

TEST(ImageNetRecipes, ExpandEveryDepthwiseConvolutionOfMobileNetV1) {
  const auto chains = chains_of("mobilenet_v1");

  EXPECT_EQ(chains.at(0), "model.0.0: CL 3 -> 12 -> 128 -> 32");
  EXPECT_EQ(chains.at(1), "model.1.0: CL 32 -> 128 -> 128 -> 32");
  EXPECT_EQ(chains.at(13), "model.13.0: CL 1024 -> 4096 -> 4096 -> 1024");
}

TEST(ImageNetRecipes, ExpandTheStridedConvolutionsOfMobileNetV2) {
  EXPECT_EQ(chains_of("mobilenet_v2"),
            (std::vector<std::string>{
                "features.0.0: CL 3 -> 12 -> 128 -> 32",
                "features.2.conv.1.0: CL 96 -> 384 -> 384 -> 96",
                "features.4.conv.1.0: CL 144 -> 576 -> 576 -> 144",
                "features.7.conv.1.0: CL 192 -> 768 -> 768 -> 192",
                "features.14.conv.1.0: CL 576 -> 2304 -> 2304 -> 576"}));
}

TEST(ImageNetRecipes, ExpandBothBranchesOfShuffleNetV2) {
  const auto chains = chains_of("shufflenet_v2");

  EXPECT_EQ(chains.at(0), "conv1.0: CL 3 -> 12 -> 96 -> 24");
  EXPECT_EQ(chains.at(1), "stage2.0.branch1.0: CL 24 -> 96 -> 96 -> 24");
  EXPECT_EQ(chains.at(2), "stage2.0.branch2.3: CL 24 -> 96 -> 96 -> 24");
  EXPECT_EQ(chains.at(19), "stage4.3.branch2.3: CL 96 -> 384 -> 384 -> 96");
}

TEST(ImageNetRecipes, TakeTheRateFromTheOptions) {
  EXPECT_EQ(chains_of("mobilenet_v2", ExpansionOptions().rate(2)).at(1),
            "features.2.conv.1.0: CL 96 -> 192 -> 192 -> 96");
}

TEST(ImageNetRecipes, KnowTheirNets) {
  std::vector<std::string> names;
  for (const auto& net : imagenet_nets()) names.push_back(net.name);

  EXPECT_EQ(models::imagenet_nets(), names);
  EXPECT_EQ(models::imagenet_recipes(),
            (std::vector<std::string>{"none", "paper", "orepa", "acb", "rep",
                                      "cl+skip"}));
}

TEST(ImageNetTrainings, AreThePapers) {
  for (const auto* net : {"mobilenet_v1", "mobilenet_v2"}) {
    const auto training = imagenet_training(net);
    EXPECT_EQ(training.learning_rate, 0.1);
    EXPECT_EQ(training.momentum, 0.9);
    EXPECT_TRUE(training.nesterov);
    EXPECT_EQ(training.weight_decay, 1e-4);
    EXPECT_EQ(training.batch_size, 256);
    EXPECT_EQ(training.epochs, 90);
    EXPECT_EQ(training.decay, models::Decay::kStep);
    EXPECT_EQ(training.decay_every, 30);
  }
  const auto training = imagenet_training("shufflenet_v2");
  EXPECT_EQ(training.learning_rate, 0.5);
  EXPECT_EQ(training.momentum, 0.9);
  EXPECT_TRUE(training.nesterov);
  EXPECT_EQ(training.weight_decay, 4e-5);
  EXPECT_EQ(training.batch_size, 1024);
  EXPECT_EQ(training.epochs, 250);
  EXPECT_EQ(training.decay, models::Decay::kLinear);
  EXPECT_EQ(training.decay_iterations, 300'000);
}

TEST(ImageNetRecipeErrors, NameWhatIsKnown) {
  EXPECT_EQ(error_of([] { (void)imagenet_recipe("mobilenet", "paper"); }),
            "imagenet_recipe: net must be one of mobilenet_v1, mobilenet_v2, "
            "shufflenet_v2, got \"mobilenet\"");
  EXPECT_EQ(error_of([] { (void)imagenet_recipe("mobilenet_v1", "cl"); }),
            "imagenet_recipe: name must be one of none, paper, orepa, "
            "acb, rep, cl+skip, got \"cl\"");
  EXPECT_EQ(error_of([] { (void)imagenet_training("resnet18"); }),
            "imagenet_training: net must be one of mobilenet_v1, mobilenet_v2, "
            "shufflenet_v2, got \"resnet18\"");
}

TEST(ImageNetRecipeErrors, RefuseOptionsThatAreTheRecipes) {
  EXPECT_EQ(error_of([] {
              (void)imagenet_recipe("mobilenet_v1", "paper", Strategy::kCK);
            }),
            "imagenet_recipe: strategy and widths must be left to \"paper\", "
            "got some; give a rate, or write a selector");
}

TEST(ImageNetRecipes, ExpandTheSameLayersOfANetForSmallImages) {
  const auto paths_of = [](bool small) {
    models::MobileNetV2 net(
        models::MobileNetV2Options().classes(10).small_images(small));
    const auto expansion =
        expand(*net, imagenet_recipe("mobilenet_v2", "paper"));
    std::vector<std::string> paths;
    for (const auto& row : expansion.summary().rows) paths.push_back(row.path);
    return paths;
  };
  EXPECT_EQ(paths_of(true), paths_of(false));
  EXPECT_EQ(paths_of(true).size(), 6U);  // five, and the others
}

}  // namespace
}  // namespace expandnet::testing
