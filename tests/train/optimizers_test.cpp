#include <expandnet/train/optimizers.h>
#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <sstream>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::optim::AdamWOptions;
using torch::optim::SGDOptions;

std::vector<at::Tensor> random_parameters(at::ScalarType dtype) {
  torch::manual_seed(0);
  std::vector<at::Tensor> parameters = {
      torch::randn({7}, dtype), torch::randn({5, 3}, dtype),
      torch::randn({4, 3, 5, 5}, dtype)
          .contiguous(at::MemoryFormat::ChannelsLast),
      torch::randn({2}, dtype)};  // never gets a gradient
  for (auto& parameter : parameters) parameter.requires_grad_();
  return parameters;
}

/// Gradients of step `step`: contiguous, whatever the parameter's strides.
void set_gradients(std::vector<at::Tensor>& parameters, int step) {
  torch::manual_seed(100 + step);
  for (std::size_t i = 0; i + 1 < parameters.size(); ++i) {
    parameters[i].mutable_grad() =
        torch::randn(parameters[i].sizes(), parameters[i].dtype());
  }
}

template <typename Ours, typename Theirs, typename Options>
void expect_same_updates(const Options& options, const Precision& precision) {
  auto ours = random_parameters(precision.dtype);
  auto theirs = random_parameters(precision.dtype);
  Ours fused(ours, options);
  Theirs reference(theirs, options);
  for (int step = 0; step < 5; ++step) {
    if (step == 3) {
      for (auto* optimizer :
           {static_cast<torch::optim::Optimizer*>(&fused),
            static_cast<torch::optim::Optimizer*>(&reference)}) {
        optimizer->param_groups()[0].options().set_lr(0.003);
      }
    }
    set_gradients(ours, step);
    set_gradients(theirs, step);
    fused.step();
    reference.step();
  }

  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_LE(relative_error(ours[i], theirs[i]), precision.tolerance)
        << "parameter " << i;
    EXPECT_EQ(ours[i].strides(), theirs[i].strides());
  }
}

// Five updates of a few roundings each.
class Optimizers : public ::testing::TestWithParam<Precision> {};

TEST_P(Optimizers, SgdEqualsLibTorchs) {
  for (const auto& options :
       {SGDOptions(0.1), SGDOptions(0.1).momentum(0.9),
        SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(1e-2),
        SGDOptions(0.1).momentum(0.9).dampening(0.5),
        SGDOptions(0.1).weight_decay(0.1)}) {
    expect_same_updates<train::SGD, torch::optim::SGD>(options, GetParam());
  }
}

TEST_P(Optimizers, AdamWEqualsLibTorchs) {
  for (const auto& options :
       {AdamWOptions(0.01), AdamWOptions(0.01).weight_decay(0.1),
        AdamWOptions(0.01).betas({0.8, 0.95}).eps(1e-6),
        AdamWOptions(0.01).amsgrad(true)}) {
    expect_same_updates<train::AdamW, torch::optim::AdamW>(options, GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, Optimizers,
                         ::testing::Values(Precision{at::kDouble, 1e-13},
                                           Precision{at::kFloat, 1e-5}),
                         [](const auto& test) { return name_of(test.param); });

TEST(OptimizerGroups, HaveTheirOwnOptions) {
  auto parameters = random_parameters(at::kFloat);
  const auto first = parameters[0].detach().clone();
  const auto second = parameters[1].detach().clone();
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(std::vector<at::Tensor>{parameters[0]},
                      std::make_unique<SGDOptions>(0.0));
  groups.emplace_back(std::vector<at::Tensor>{parameters[1]},
                      std::make_unique<SGDOptions>(1.0));
  train::SGD optimizer(groups, SGDOptions(0.5));
  set_gradients(parameters, 0);

  optimizer.step();

  EXPECT_TRUE(parameters[0].equal(first));
  EXPECT_TRUE(parameters[1].equal(second - parameters[1].grad()));
}

template <typename Optimizer, typename Options>
void expect_parts_make_a_step(const Options& options) {
  auto in_parts = random_parameters(at::kFloat);
  auto at_once = random_parameters(at::kFloat);
  Optimizer partial(in_parts, options);
  Optimizer whole(at_once, options);
  for (int step = 0; step < 3; ++step) {
    set_gradients(in_parts, step);
    set_gradients(at_once, step);
    const auto last = in_parts[2].detach().clone();

    partial.step_only({in_parts[1], in_parts[0]});
    EXPECT_TRUE(in_parts[2].equal(last));
    partial.step_only({in_parts[2], in_parts[3]});

    whole.step();
    for (std::size_t i = 0; i < in_parts.size(); ++i) {
      EXPECT_TRUE(in_parts[i].equal(at_once[i])) << "parameter " << i;
    }
  }
}

TEST(OptimizerParts, MakeAStep) {
  expect_parts_make_a_step<train::SGD>(SGDOptions(0.1).momentum(0.9));
  expect_parts_make_a_step<train::AdamW>(AdamWOptions(0.01));
}

TEST(OptimizerDtypes, MayBeMixed) {
  auto parameters = random_parameters(at::kFloat);
  parameters[0] = parameters[0].detach().to(at::kDouble).requires_grad_();
  const auto before = parameters[0].detach().clone();
  train::SGD optimizer(parameters, SGDOptions(1.0));
  set_gradients(parameters, 0);

  optimizer.step();

  EXPECT_TRUE(parameters[0].equal(before - parameters[0].grad()));
}

TEST(OptimizerVersions, TellAutogradOfTheWrite) {
  auto parameters = random_parameters(at::kFloat);
  train::SGD optimizer(parameters, SGDOptions(1.0));
  set_gradients(parameters, 0);
  const auto version = parameters[0]._version();

  optimizer.step();

  EXPECT_GT(parameters[0]._version(), version);
}

template <typename Optimizer, typename Options>
void expect_resume(const Options& options) {
  const auto train = [](Optimizer& optimizer,
                        std::vector<at::Tensor>& parameters, int from, int to) {
    for (int step = from; step < to; ++step) {
      set_gradients(parameters, step);
      optimizer.step();
    }
  };
  auto parameters = random_parameters(at::kFloat);
  Optimizer optimizer(parameters, options);
  train(optimizer, parameters, 0, 3);
  std::stringstream file;
  torch::save(optimizer, file);
  auto resumed = random_parameters(at::kFloat);
  for (std::size_t i = 0; i < resumed.size(); ++i) {
    const torch::NoGradGuard no_grad;
    resumed[i].copy_(parameters[i]);
  }
  train(optimizer, parameters, 3, 6);

  Optimizer resumed_optimizer(resumed, options);
  torch::load(resumed_optimizer, file);
  train(resumed_optimizer, resumed, 3, 6);

  for (std::size_t i = 0; i < resumed.size(); ++i) {
    EXPECT_TRUE(resumed[i].equal(parameters[i])) << "parameter " << i;
  }
}

TEST(OptimizerState, ResumesToTheSameBits) {
  expect_resume<train::SGD>(SGDOptions(0.1).momentum(0.9));
  expect_resume<train::AdamW>(AdamWOptions(0.01).amsgrad(true));
}

TEST(OptimizerState, IsCountedAgainByWhatTheKernelsHaveCounted) {
  auto parameters = random_parameters(at::kFloat);
  train::AdamW optimizer(parameters);
  for (int step = 0; step < 2; ++step) {
    set_gradients(parameters, step);
    optimizer.step();
  }
  optimizer.after_replay();  // on the host alone
  optimizer.count_again();

  for (const auto& entry : optimizer.state()) {
    EXPECT_EQ(static_cast<torch::optim::AdamWParamState&>(*entry.second).step(),
              2);
  }
}

TEST(OptimizerState, LoadsIntoLibTorchs) {
  auto parameters = random_parameters(at::kFloat);
  train::AdamW fused(parameters, AdamWOptions(0.01));
  set_gradients(parameters, 0);
  fused.step();
  std::stringstream file;
  torch::save(fused, file);
  auto others = random_parameters(at::kFloat);
  for (std::size_t i = 0; i < others.size(); ++i) {
    const torch::NoGradGuard no_grad;
    others[i].copy_(parameters[i]);
  }

  torch::optim::AdamW reference(others, AdamWOptions(0.01));
  torch::load(reference, file);
  set_gradients(parameters, 1);
  set_gradients(others, 1);
  fused.step();
  reference.step();

  EXPECT_LE(relative_error(parameters[1], others[1]), 1e-6);
}

/// A state that was saved in another memory order than its parameter has now.
TEST(SGD, TakesAMomentumInAnotherMemoryOrder) {
  torch::manual_seed(0);
  const auto start = torch::randn({4, 3, 3, 3});
  const auto gradient = torch::randn({4, 3, 3, 3});
  const auto momentum = torch::randn({4, 3, 3, 3});
  const auto after_a_step = [&](c10::MemoryFormat format) {
    auto parameter = start.clone().contiguous(c10::MemoryFormat::ChannelsLast);
    parameter.set_requires_grad(true);
    parameter.mutable_grad() =
        gradient.contiguous(c10::MemoryFormat::ChannelsLast);
    train::SGD optimizer({parameter},
                         torch::optim::SGDOptions(0.1).momentum(0.9));
    auto state = std::make_unique<torch::optim::SGDParamState>();
    state->momentum_buffer(momentum.clone().contiguous(format));
    optimizer.state()[parameter.unsafeGetTensorImpl()] = std::move(state);
    optimizer.step();
    return parameter.detach();
  };
  const auto expected = start - 0.1 * (0.9 * momentum + gradient);
  for (const auto format :
       {c10::MemoryFormat::ChannelsLast, c10::MemoryFormat::Contiguous}) {
    EXPECT_LE(relative_error(after_a_step(format), expected), 1e-6);
  }
}

}  // namespace
}  // namespace expandnet::testing
