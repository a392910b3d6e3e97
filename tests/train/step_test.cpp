#include <ATen/Context.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/small_net.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/step.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <memory>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::SmallNet;
using models::SmallNetOptions;

/// A SmallNet in weight space with its optimizer, always from the same seed.
struct TrainableModel {
  explicit TrainableModel(at::Device device = at::kCPU,
                          at::ScalarType dtype = at::kDouble,
                          double momentum = 0.9) {
    net->to(device, dtype);
    expansion = std::make_unique<Expansion>(expand(*net));
    optimizer = std::make_unique<train::SGD>(
        expansion->parameters(),
        torch::optim::SGDOptions(0.05).momentum(momentum));
  }

  train::Step step(const train::StepOptions& options = {}) {
    return train::Step(
        [this](const at::Tensor& x, const at::Tensor& y) {
          return torch::cross_entropy_loss(net->forward(x), y);
        },
        *optimizer, expansion.get(), options);
  }

  SmallNet net = [] {
    torch::manual_seed(0);
    return SmallNet(SmallNetOptions().kernel_size(3).classes(4));
  }();
  std::unique_ptr<Expansion> expansion;
  std::unique_ptr<train::SGD> optimizer;
};

std::pair<at::Tensor, at::Tensor> batch(std::int64_t seed,
                                        at::Device device = at::kCPU,
                                        at::ScalarType dtype = at::kDouble,
                                        std::int64_t size = 8) {
  torch::manual_seed(static_cast<std::uint64_t>(1000 + seed));
  return {torch::randn({size, 3, 32, 32}, dtype).to(device),
          torch::randint(4, {size}, at::kLong).to(device)};
}

void expect_same_parameters(const TrainableModel& a, const TrainableModel& b,
                            double tolerance) {
  const auto expected = b.expansion->named_parameters();
  for (const auto& entry : a.expansion->named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), tolerance)
        << entry.key();
  }
}

TEST(Step, IsTheLoopWrittenOut) {
  TrainableModel by_step;
  TrainableModel by_hand;
  auto step = by_step.step();
  for (int i = 0; i < 4; ++i) {
    const auto [x, y] = batch(i);

    const auto loss = step(x, y);

    by_hand.expansion->zero_grad();
    const auto expected = torch::cross_entropy_loss(by_hand.net(x), y);
    expected.backward();
    by_hand.expansion->step(*by_hand.optimizer);
    EXPECT_TRUE(loss.equal(expected));
    EXPECT_FALSE(loss.requires_grad());
  }
  expect_same_parameters(by_step, by_hand, 0);
}

TEST(Step, DecaysFoldsBeforeTheyArePulledBack) {
  constexpr double kDecay = 0.3;
  for (const bool with_vectors : {true, false}) {
    TrainableModel by_step;
    TrainableModel by_hand;
    train::StepOptions options;
    options.fold_decay = kDecay;
    options.fold_decay_of_vectors = with_vectors;
    auto step = by_step.step(options);
    for (int i = 0; i < 4; ++i) {
      const auto [x, y] = batch(i);
      step(x, y);

      // The loss with an L2 term of the compact weights of all chains.
      by_hand.expansion->zero_grad();
      auto loss = torch::cross_entropy_loss(by_hand.net(x), y);
      for (const auto& item : by_hand.net->named_parameters()) {
        const auto& key = item.key();
        const bool is_expanded =
            key.rfind("conv", 0) == 0 || key.rfind("fc1", 0) == 0;
        if (!is_expanded || (item.value().dim() < 2 && !with_vectors)) continue;
        loss = loss + kDecay / 2 * item.value().square().sum();
      }
      loss.backward();
      by_hand.expansion->step(*by_hand.optimizer);
    }
    expect_same_parameters(by_step, by_hand, kDouble.tolerance);
  }
}

TEST(Step, ChangesTheDecayOfFolds) {
  TrainableModel changed;
  TrainableModel from_the_start;
  train::StepOptions options;
  options.fold_decay = 0.1;
  auto step = changed.step(options);
  step.set_fold_decay(0.4);
  options.fold_decay = 0.4;
  auto other = from_the_start.step(options);
  const auto [x, y] = batch(0);
  step(x, y);
  other(x, y);
  expect_same_parameters(changed, from_the_start, 0);
}

/// Three steps with the optimizer, overlapping or not, of a net whose depthwise
/// chains are stepped together.
template <typename Optimizer, typename Options>
std::vector<at::Tensor> trained(const Options& optimizer_options,
                                bool overlap) {
  torch::manual_seed(0);
  models::MobileNetV1 net(models::MobileNetV1Options().width(0.25).classes(4));
  auto expansion =
      expand(*net, models::imagenet_recipe("mobilenet_v1", "paper"));
  Optimizer optimizer(expansion.parameters(), optimizer_options);
  train::StepOptions options;
  options.overlap = overlap;
  train::Step step(
      [&](const at::Tensor& x, const at::Tensor& y) {
        return torch::cross_entropy_loss(net->forward(x), y);
      },
      optimizer, &expansion, options);
  for (int i = 0; i < 3; ++i) {
    const auto [x, y] = batch(i, at::kCPU, at::kFloat, 2);
    static_cast<void>(step(x, y));
  }
  auto values = expansion.parameters();
  for (const auto& buffer : net->buffers()) values.push_back(buffer);
  for (const auto& weight : net->parameters()) values.push_back(weight);
  return values;
}

TEST(Step, ComputesTheSameBitsWithAndWithoutOverlap) {
  const auto expect_equal = [](const std::vector<at::Tensor>& a,
                               const std::vector<at::Tensor>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i]));
  };
  const auto sgd = torch::optim::SGDOptions(0.01).momentum(0.9);
  expect_equal(trained<train::SGD>(sgd, true), trained<train::SGD>(sgd, false));
  const torch::optim::AdamWOptions adamw(0.001);
  expect_equal(trained<train::AdamW>(adamw, true),
               trained<train::AdamW>(adamw, false));
}

TEST(Step, TrainsWithoutAnExpansionToo) {
  SmallNet net(SmallNetOptions().kernel_size(3).classes(4));
  train::SGD optimizer(net->parameters(), torch::optim::SGDOptions(0.05));
  train::Step step(
      [&](const at::Tensor& x, const at::Tensor& y) {
        return torch::cross_entropy_loss(net->forward(x), y);
      },
      optimizer);
  const auto [x, y] = batch(0, at::kCPU, at::kFloat);
  const auto first = step(x, y).item<float>();
  for (int i = 0; i < 20; ++i) static_cast<void>(step(x, y));

  EXPECT_LT(step(x, y).item<float>(), first / 2);
}

TEST(Step, AccumulatesTheMeanOfItsCalls) {
  TrainableModel accumulated;
  TrainableModel whole;
  accumulated.net->eval();
  whole.net->eval();
  auto step = accumulated.step([] {
    train::StepOptions options;
    options.accumulate = 4;
    return options;
  }());
  auto whole_step = whole.step();
  for (int i = 0; i < 3; ++i) {
    const auto [x, y] = batch(i);
    const auto before = accumulated.net->conv1->weight.detach().clone();
    for (std::int64_t part = 0; part < 4; ++part) {
      EXPECT_TRUE(accumulated.net->conv1->weight.equal(before));
      static_cast<void>(
          step(x.narrow(0, 2 * part, 2), y.narrow(0, 2 * part, 2)));
    }
    static_cast<void>(whole_step(x, y));
  }
  expect_same_parameters(accumulated, whole, 1e-10);
}

TEST(Step, ClipsTheGradientsOfTheFactors) {
  TrainableModel clipped(at::kCPU, at::kDouble, /*momentum=*/0);
  train::StepOptions options;
  options.max_grad_norm = 1e-4;
  auto step = clipped.step(options);
  std::vector<at::Tensor> before;
  for (const auto& parameter : clipped.expansion->parameters()) {
    before.push_back(parameter.detach().clone());
  }
  const auto [x, y] = batch(0);

  static_cast<void>(step(x, y));

  double squares = 0;
  const auto after = clipped.expansion->parameters();
  for (std::size_t i = 0; i < after.size(); ++i) {
    squares += (after[i] - before[i]).square().sum().item<double>();
  }
  // The learning rate times the norm; LibTorch's clipping falls 1e-6 short.
  EXPECT_NEAR(std::sqrt(squares), 0.05 * 1e-4, 0.05 * 2e-6);
}

TEST(StepOnCpu, IsEager) {
  TrainableModel run;
  auto step = run.step();
  const auto [x, y] = batch(0);
  for (int i = 0; i < 5; ++i) static_cast<void>(step(x, y));

  EXPECT_FALSE(step.is_captured());
}

TEST(StepErrors, NameTheOption) {
  TrainableModel run;
  const auto error = [&](const train::StepOptions& options) {
    return error_of([&] { static_cast<void>(run.step(options)); });
  };
  train::StepOptions options;
  options.accumulate = 0;
  EXPECT_EQ(error(options), "Step: accumulate must be positive, got 0");
  options = {};
  options.max_grad_norm = -1;
  EXPECT_EQ(error(options), "Step: max_grad_norm must not be negative, got -1");
  options = {};
  options.warmup = 0;
  EXPECT_EQ(error(options), "Step: warmup must be positive, got 0");
}

TEST(StepOnCuda, ReplaysWhatTheEagerStepComputes) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  TrainableModel captured(at::kCUDA);
  TrainableModel eager(at::kCUDA);
  auto captured_step = captured.step();
  train::StepOptions options;
  options.capture = false;
  options.overlap = false;
  auto eager_step = eager.step(options);
  for (int i = 0; i < 12; ++i) {
    if (i == 8) {
      for (auto* run : {&captured, &eager}) {
        run->optimizer->param_groups()[0].options().set_lr(0.005);
      }
    }
    // A smaller batch in between runs eagerly and must not disturb the graph.
    const auto [x, y] = batch(i, at::kCUDA, at::kDouble, i == 6 ? 5 : 8);

    const auto loss = captured_step(x, y);

    EXPECT_LE(relative_error(loss, eager_step(x, y)), 1e-10) << "step " << i;
  }
  EXPECT_TRUE(captured_step.is_captured()) << captured_step.reason();
  expect_same_parameters(captured, eager, 1e-9);
}

TEST(StepOnCuda, ComputesTheSameOnSideStreams) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  TrainableModel beside(at::kCUDA);
  TrainableModel after(at::kCUDA);
  train::StepOptions options;
  options.capture = false;
  auto beside_step = beside.step(options);
  options.overlap = false;
  auto after_step = after.step(options);
  for (int i = 0; i < 12; ++i) {
    if (i == 8) {
      for (auto* run : {&beside, &after}) {
        run->optimizer->param_groups()[0].options().set_lr(0.005);
      }
    }
    const auto [x, y] = batch(i, at::kCUDA);

    const auto loss = beside_step(x, y);

    EXPECT_LE(relative_error(loss, after_step(x, y)), 1e-10) << "step " << i;
  }
  expect_same_parameters(beside, after, 1e-9);
}

TEST(StepOnCuda, ReplaysGraphsSideBySide) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  const c10::impl::VirtualGuardImpl streams(at::kCUDA);
  train::StepOptions options;
  options.capture = false;
  std::vector<std::unique_ptr<TrainableModel>> models;
  std::vector<std::unique_ptr<train::Step>> steps;
  for (int i = 0; i < 3; ++i) {
    models.push_back(std::make_unique<TrainableModel>(at::kCUDA, at::kFloat));
    // The last is what the others come to.
    steps.emplace_back(new train::Step(
        models.back()->step(i < 2 ? train::StepOptions() : options)));
  }
  const at::Device device(at::kCUDA, 0);
  const std::vector<c10::Stream> turns = {
      streams.getStreamFromGlobalPool(device),
      streams.getStreamFromGlobalPool(device), streams.getStream(device)};
  for (int i = 0; i < 40; ++i) {
    const auto [x, y] = batch(i, at::kCUDA, at::kFloat);
    torch::cuda::synchronize();
    for (std::size_t run = 0; run < steps.size(); ++run) {
      const c10::StreamGuard guard(turns[run]);
      static_cast<void>((*steps[run])(x, y));
    }
  }
  torch::cuda::synchronize();
  for (std::size_t run = 0; run < 2; ++run) {
    EXPECT_TRUE(steps[run]->is_captured()) << steps[run]->reason();
    // fp32: 40 steps from the same bits, whose sums differ in their order.
    expect_same_parameters(*models[run], *models[2], 1e-3);
  }
}

TEST(StepOnCuda, GoesOnWithoutAGraphWhereACaptureFails) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  TrainableModel run(at::kCUDA);
  train::AdamW optimizer(run.expansion->parameters());
  train::Step step(
      [&](const at::Tensor& x, const at::Tensor& y) {
        const auto kept = torch::dropout(x, 0.1, /*train=*/true);
        auto loss = torch::cross_entropy_loss(run.net->forward(kept), y);
        static_cast<void>(loss.item<double>());  // waits, which no capture may
        return loss;
      },
      optimizer, run.expansion.get());
  for (int i = 0; i < 8; ++i) {
    const auto [x, y] = batch(i, at::kCUDA);
    EXPECT_TRUE(std::isfinite(step(x, y).item<double>())) << "step " << i;
  }
  EXPECT_FALSE(step.is_captured());
  EXPECT_NE(step.reason(), "");
  for (const auto& entry : optimizer.state()) {
    EXPECT_EQ(static_cast<torch::optim::AdamWParamState&>(*entry.second).step(),
              8);
  }
  static_cast<void>(run.expansion->verify());  // throws where a fold is missing
}

TEST(StepOnCuda, SaysWhyItDoesNotCapture) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device";
  TrainableModel run(at::kCUDA);
  train::StepOptions options;
  options.accumulate = 2;

  EXPECT_EQ(run.step(options).reason(), "gradients are accumulated");
}

}  // namespace
}  // namespace expandnet::testing
