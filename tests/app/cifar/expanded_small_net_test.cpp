// The paper's SmallNet, trained in every way that there is.
#include "trainers/cifar/expanded_small_net.h"

#include <expandnet/models/small_net_recipes.h>
#include <gtest/gtest.h>
#include <torch/optim/schedulers/step_lr.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using examples::ExpandedSmallNet;

struct Expanded {
  std::int64_t kernel;
  std::string recipe;
  Precision precision;
};

class SmallNetIn : public ::testing::TestWithParam<Expanded> {};

constexpr int kSteps = 20;

/// Twenty steps with momentum and a rate that falls on the way. `update` is
/// what follows the backward pass.
void train(const std::function<at::Tensor(const at::Tensor&)>& forward,
           const std::vector<at::Tensor>& parameters, const at::Tensor& images,
           const at::Tensor& labels,
           const std::function<void(torch::optim::SGD& optimizer)>& update) {
  torch::optim::SGD optimizer(parameters,
                              torch::optim::SGDOptions(0.02).momentum(0.9));
  torch::optim::StepLR schedule(optimizer, 8, 0.1);
  for (int step = 0; step < kSteps; ++step) {
    torch::cross_entropy_loss(forward(images[step]), labels[step]).backward();
    update(optimizer);
    schedule.step();
  }
}

TEST_P(SmallNetIn, WeightSpaceTrainsAsItsModulesDo) {
  const auto& [kernel, recipe, precision] = GetParam();
  torch::manual_seed(0);
  const auto options = models::SmallNetOptions().kernel_size(kernel);
  const auto selector = models::small_net_recipe(recipe);
  const auto images = torch::randn({kSteps, 4, 3, 32, 32}, precision.dtype);
  const auto labels = torch::randint(10, {kSteps, 4}, at::kLong);
  models::SmallNet net(options);
  net->to(precision.dtype);
  auto expansion = expand(*net, selector);
  std::vector<ExpandedSmallNet> modules;
  for (const auto execution : {Execution::kFolded, Execution::kChained}) {
    modules.emplace_back(options, selector, execution);
    modules.back()->to(precision.dtype);
    const torch::NoGradGuard no_grad;
    const auto factors = modules.back()->named_parameters();
    for (const auto& entry : expansion.named_parameters()) {
      factors[entry.key()].copy_(entry.value());
    }
  }

  train([&](const at::Tensor& x) { return net(x); }, expansion.parameters(),
        images, labels,
        [&](torch::optim::SGD& optimizer) {
          expansion.step(optimizer);
          expansion.zero_grad();
        });

  for (auto& expanded : modules) {
    train([&](const at::Tensor& x) { return expanded(x); },
          expanded->parameters(), images, labels,
          [&](torch::optim::SGD& optimizer) {
            optimizer.step();
            expanded->zero_grad();
          });
    const auto factors = expanded->named_parameters();
    ASSERT_EQ(factors.size(), expansion.parameters().size());
    for (const auto& entry : expansion.named_parameters()) {
      EXPECT_LE(relative_error(entry.value(), factors[entry.key()]),
                precision.tolerance)
          << entry.key();
    }
    const auto buffers = expanded->named_buffers();
    for (const auto& entry : net->named_buffers()) {
      EXPECT_LE(relative_error(entry.value(), buffers[entry.key()]),
                precision.tolerance)
          << entry.key();
    }
  }
}

// Twenty steps amplify rounding some hundred times; in float it also decides
// some ReLUs and maxima the other way.
INSTANTIATE_TEST_SUITE_P(
    Recipes, SmallNetIn,
    ::testing::Values(Expanded{7, "ck+fc", {at::kDouble, 1e-10}},
                      Expanded{7, "cl+fc", {at::kDouble, 1e-10}},
                      Expanded{3, "cl+fc", {at::kDouble, 1e-10}},
                      Expanded{7, "ck+fc", {at::kFloat, 2e-3}},
                      Expanded{3, "cl+fc", {at::kFloat, 2e-3}}),
    [](const auto& test) {
      return std::to_string(test.param.kernel) +
             test.param.recipe.substr(0, 2) + "And" +
             test.param.recipe.substr(3) + name_of(test.param.precision);
    });

}  // namespace
}  // namespace expandnet::testing
