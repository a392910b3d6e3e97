#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

constexpr double kRate = 0.05;

/// What torch::optim::SGD does to the parameters that have gradients.
void descend(const std::vector<at::Tensor>& parameters) {
  for (const auto& parameter : parameters) {
    if (!parameter.grad().defined()) continue;
    parameter.data().add_(parameter.grad(), -kRate);
  }
}

/// A model in weight space with its optimizer.
struct TrainableModel {
  explicit TrainableModel(std::shared_ptr<torch::nn::Module> its_model)
      : model(std::move(its_model)),
        expansion(expand(*model, ExpansionOptions().rate(2))),
        optimizer(expansion.parameters(), kRate) {}

  void step(const at::Tensor& loss) {
    expansion.zero_grad();
    loss.backward();
    expansion.step(optimizer);
  }

  void step_in_backward(const at::Tensor& loss, StepInBackward how = {}) {
    if (!how.update) how.update = descend;
    expansion.zero_grad();
    expansion.step_in_backward(
        optimizer, [&] { loss.backward(); }, how);
  }

  std::shared_ptr<torch::nn::Module> model;
  Expansion expansion;
  torch::optim::SGD optimizer;
};

std::shared_ptr<CompactNetImpl> seeded_net() {
  torch::manual_seed(0);
  return std::make_shared<CompactNetImpl>();
}

at::Tensor mean_square(const at::Tensor& output) {
  return output.square().mean();
}

void expect_same_bits(const TrainableModel& actual,
                      const TrainableModel& expected) {
  const auto factors = expected.expansion.named_parameters();
  for (const auto& entry : actual.expansion.named_parameters()) {
    EXPECT_TRUE(entry.value().equal(factors[entry.key()])) << entry.key();
  }
  const auto weights = expected.model->named_parameters();
  for (const auto& entry : actual.model->named_parameters()) {
    EXPECT_TRUE(entry.value().equal(weights[entry.key()])) << entry.key();
  }
}

TEST(StepInBackward, ComputesTheBitsOfAStep) {
  const auto early_net = seeded_net();
  TrainableModel early(early_net);
  const auto late_net = seeded_net();
  TrainableModel late(late_net);
  for (int i = 0; i < 4; ++i) {
    const auto x = torch::randn({4, 3, 12, 12});
    early.step_in_backward(mean_square(early_net->forward(x)));
    late.step(mean_square(late_net->forward(x)));
  }
  expect_same_bits(early, late);
}

TEST(StepInBackward, StepsEachChainAsSoonAsItsGradientIsComplete) {
  const auto net = seeded_net();
  TrainableModel run(net);
  std::unordered_map<const void*, std::string> keys;
  for (const auto& entry : run.expansion.named_parameters()) {
    keys[entry.value().unsafeGetTensorImpl()] = entry.key();
  }
  std::vector<std::string> events;
  StepInBackward how;
  how.update = [&](const std::vector<at::Tensor>& parameters) {
    events.push_back("update from " +
                     keys.at(parameters.front().unsafeGetTensorImpl()));
  };
  // conv1 waits for no gradient of the images, so the pass ends with its own.
  net->conv2->weight.register_hook(
      [&](const at::Tensor&) { events.emplace_back("gradient of conv2"); });
  const auto loss = mean_square(net->forward(torch::randn({4, 3, 12, 12})));

  run.expansion.step_in_backward(
      run.optimizer,
      [&] {
        loss.backward();
        events.emplace_back("end of the pass");
      },
      how);

  EXPECT_EQ(events, (std::vector<std::string>{
                        "update from fc1.chain.0.weight", "gradient of conv2",
                        "update from conv2.chain.0.weight",
                        "update from conv1.chain.0.weight", "end of the pass",
                        "update from norm1.weight"}));
}

TEST(StepInBackward, GivesTheWorkOfEachChainToWhoRunsItBeside) {
  const auto early_net = seeded_net();
  TrainableModel early(early_net);
  const auto late_net = seeded_net();
  TrainableModel late(late_net);
  int works = 0;
  StepInBackward how;
  how.beside = [&](const std::function<void()>& work) {
    ++works;
    work();
  };
  const auto x = torch::randn({4, 3, 12, 12});

  early.step_in_backward(mean_square(early_net->forward(x)), how);
  late.step(mean_square(late_net->forward(x)));

  EXPECT_EQ(works, 3);  // conv1, conv2, fc1
  expect_same_bits(early, late);
}

/// Depthwise layers of one shape make one batch; `shared` is run twice,
/// `unused` never, and with it neither is the whole batch complete.
class OddNet : public torch::nn::Module {
 public:
  OddNet() {
    const auto add = [this](const std::string& name, std::int64_t groups) {
      return register_module(
          name,
          torch::nn::Conv2d(Conv2dOptions(4, 4, 3).padding(1).groups(groups)));
    };
    depthwise = add("depthwise", 4);
    shared = add("shared", 1);
    unused = add("unused", 4);
    frozen_bias = add("frozen_bias", 2);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return frozen_bias(shared(depthwise(shared(x)).relu()));
  }
  torch::nn::Conv2d depthwise{nullptr}, shared{nullptr}, unused{nullptr},
      frozen_bias{nullptr};
};

std::shared_ptr<OddNet> seeded_odd_net() {
  torch::manual_seed(0);
  return std::make_shared<OddNet>();
}

TEST(StepInBackward, TakesSharedAndUnusedLayers) {
  const auto early_net = seeded_odd_net();
  TrainableModel early(early_net);
  const auto late_net = seeded_odd_net();
  TrainableModel late(late_net);
  const auto unused = early_net->unused->weight.detach().clone();
  for (auto* net : {early_net.get(), late_net.get()}) {
    net->frozen_bias->bias.requires_grad_(false);  // after it was expanded
  }
  for (int i = 0; i < 3; ++i) {
    const auto x = torch::randn({2, 4, 6, 6});
    early.step_in_backward(mean_square(early_net->forward(x)));
    late.step(mean_square(late_net->forward(x)));
  }
  expect_same_bits(early, late);
  EXPECT_TRUE(early_net->unused->weight.equal(unused));
}

TEST(StepInBackward, LeavesTheNextStepAsItWas) {
  const auto net = seeded_net();
  TrainableModel run(net);
  const auto other_net = seeded_net();
  TrainableModel other(other_net);
  const auto x = torch::randn({4, 3, 12, 12});
  run.step_in_backward(mean_square(net->forward(x)));
  run.step(mean_square(net->forward(x)));  // no hook of the first is left
  other.step(mean_square(other_net->forward(x)));
  other.step(mean_square(other_net->forward(x)));

  expect_same_bits(run, other);
}

TEST(StepInBackwardErrors, AreThoseOfStep) {
  const auto net = seeded_net();
  auto expansion = expand(*net, ExpansionOptions().rate(2));
  torch::optim::SGD over_the_model(net->parameters(), kRate);
  bool ran = false;
  const auto attempt = [&](torch::optim::Optimizer& optimizer) {
    return error_of([&] {
      expansion.step_in_backward(optimizer, [&] { ran = true; },
                                 {descend, nullptr});
    });
  };

  EXPECT_EQ(attempt(over_the_model),
            "step: the optimizer must hold the factors, not the model's "
            "expanded weights, got the compact weight at \"conv1\"; build the "
            "optimizer over expansion.parameters()");

  torch::optim::SGD optimizer(expansion.parameters(), kRate);
  {
    const torch::NoGradGuard no_grad;
    expansion.named_parameters()["conv2.chain.0.weight"].mul_(2);
  }
  EXPECT_EQ(attempt(optimizer),
            "step: factors must be as they were folded, got changed ones at "
            "\"conv2\"; call fold() after writing to them");
  EXPECT_FALSE(ran);
}

TEST(StepInBackwardErrors, NameTheRemedyForAWeightThatIsReadLater) {
  torch::manual_seed(0);
  const auto conv = std::make_shared<torch::nn::Conv2dImpl>(
      Conv2dOptions(4, 4, 3).padding(1).bias(false));
  TrainableModel run(conv);
  const auto x = torch::randn({2, 4, 6, 6}).requires_grad_();
  // The last layer's gradient is complete before the first one's is computed.
  const auto hidden =
      torch::conv2d(x, conv->weight.detach(), {}, 1, /*padding=*/1);
  const auto loss = mean_square(conv->forward(hidden));

  EXPECT_EQ(error_of([&] { run.step_in_backward(loss); }),
            "step: the backward pass must not read an expanded weight whose "
            "gradient is complete, got one that does, through detach() say; "
            "step after the pass (StepOptions::overlap)");
}

}  // namespace
}  // namespace expandnet::testing
