#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/analysis/loss_landscape.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <vector>

#include "testing.h"

namespace expandnet::analysis {
namespace {

using expandnet::testing::error_of;

torch::nn::Sequential some_net() {
  return torch::nn::Sequential(
      torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3)),
      torch::nn::BatchNorm2d(4), torch::nn::Linear(4, 5));
}

TEST(RandomDirections, HaveTheNormsOfTheFilters) {
  torch::manual_seed(1);
  const auto net = some_net();
  const auto direction = random_direction(*net, 0);
  const auto parameters = net->parameters();
  ASSERT_EQ(direction.size(), parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].dim() < 2) {
      EXPECT_TRUE(direction[i].eq(0).all().item<bool>());
      continue;
    }
    const auto norms = direction[i].flatten(1).norm(2, 1);
    const auto expected = parameters[i].detach().flatten(1).norm(2, 1);
    EXPECT_TRUE(at::allclose(norms, expected, 1e-5, 0));
  }
}

TEST(RandomDirections, FollowFromSeedAndName) {
  torch::manual_seed(1);
  const auto net = some_net(), other = some_net();
  const auto unit = [](const at::Tensor& step) {
    return step.flatten(1) / step.flatten(1).norm(2, 1, true);
  };
  const auto a = random_direction(*net, 0), b = random_direction(*other, 0);
  // The same draws, though the weights differ; each name has its own.
  EXPECT_FALSE(a[0].equal(b[0]));
  EXPECT_TRUE(at::allclose(unit(a[0]), unit(b[0]), 1e-5, 1e-6));
  EXPECT_FALSE(
      at::allclose(unit(a[0]), unit(random_direction(*net, 1)[0]), 1e-2, 1e-2));
  const torch::nn::Sequential twice(torch::nn::Linear(3, 3),
                                    torch::nn::Linear(3, 3));
  const auto both = random_direction(*twice, 0);
  EXPECT_FALSE(at::allclose(unit(both[0]), unit(both[2]), 1e-2, 1e-2));
  // A filter of zeros stays.
  const at::NoGradGuard no_grad;
  net->parameters()[0][0].zero_();
  EXPECT_TRUE(random_direction(*net, 0)[0][0].eq(0).all().item<bool>());
}

TEST(Landscapes, OfAQuadraticAreParabolas) {
  // The loss is the squared norm of w: along d it is |w|^2 + 2 t w'd + t^2
  // |d|^2.
  torch::manual_seed(2);
  torch::nn::Linear net(6, 4);
  net->to(at::kDouble);
  const auto& w = net->weight;
  const auto first = random_direction(*net, 0),
             second = random_direction(*net, 1);
  const auto start = w.detach().clone();
  const auto dot = [](const at::Tensor& a, const at::Tensor& b) {
    return (a * b).sum().item<double>();
  };
  {
    Landscape landscape(net.ptr(), {first, second});
    for (const auto a : landscape_steps(5)) {
      for (const auto b : landscape_steps(5)) {
        landscape.move_to({a, b});
        const auto expected = dot(start, start) + 2 * a * dot(start, first[0]) +
                              2 * b * dot(start, second[0]) +
                              a * a * dot(first[0], first[0]) +
                              2 * a * b * dot(first[0], second[0]) +
                              b * b * dot(second[0], second[0]);
        EXPECT_NEAR(dot(w.detach(), w.detach()), expected, 1e-12 * expected);
      }
    }
  }
  EXPECT_TRUE(w.detach().equal(start));
}

TEST(Landscapes, HaveTheirMiddleWhereTheNetIs) {
  EXPECT_EQ(landscape_steps(5), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(landscape_steps(51)[25], 0);
  EXPECT_EQ(error_of([] { (void)landscape_steps(1); }),
            "landscape_steps: there must be two steps, got 1");
}

TEST(LandscapeErrors, NameTheRuleAndTheValue) {
  const auto net = some_net();
  auto direction = random_direction(*net, 0);
  EXPECT_EQ(error_of([&] {
              Landscape(net.ptr(), {direction}).move_to({1, 2});
            }),
            "Landscape: must have a step for each direction, got 2 for 1");
  direction[0] = at::zeros({2, 2});
  EXPECT_EQ(error_of([&] { Landscape(net.ptr(), {direction}); }),
            "Landscape: a step must have its parameter's shape, got [2, 2] for "
            "[4, 3, 3, 3]; take it from random_direction of this net");
  direction.pop_back();
  EXPECT_EQ(error_of([&] { Landscape(net.ptr(), {direction}); }),
            "Landscape: must have a step for each parameter, got 5 for 6; take "
            "it from random_direction of this net");
}

}  // namespace
}  // namespace expandnet::analysis
