#include <ATen/Context.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/nothing_to_expand.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/optim/lbfgs.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <sstream>
#include <vector>

#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

class ExpansionErrors : public ::testing::Test {
 protected:
  void backward() {
    net(torch::randn({4, 3, 12, 12})).square().mean().backward();
  }

  CompactNet net;
  Expansion expansion = expand(*net, ExpansionOptions().rate(2));
};

TEST_F(ExpansionErrors, ExplainAnOptimizerOverTheModel) {
  torch::optim::SGD optimizer(net->parameters(), 0.1);
  backward();
  const auto before = net->conv1->weight.detach().clone();

  EXPECT_EQ(error_of([&] { expansion.step(optimizer); }),
            "step: the optimizer must hold the factors, not the model's "
            "expanded weights, got the compact weight at \"conv1\"; build the "
            "optimizer over expansion.parameters()");
  EXPECT_TRUE(net->conv1->weight.equal(before));
}

TEST_F(ExpansionErrors, NameAFactorThatTheOptimizerLacks) {
  torch::optim::SGD optimizer(net->fc2->parameters(), 0.1);
  backward();

  EXPECT_EQ(error_of([&] { expansion.step(optimizer); }),
            "step: the optimizer must hold all factors, got none for "
            "\"conv1.chain.0.weight\" at \"conv1\"; build the optimizer over "
            "expansion.parameters()");
}

TEST_F(ExpansionErrors, RefuseLbfgs) {
  torch::optim::LBFGS optimizer(expansion.parameters());

  EXPECT_EQ(error_of([&] { expansion.step(optimizer); }),
            "step: the optimizer must take gradients of any memory order, got "
            "LBFGS; use one that works element by element");
}

TEST_F(ExpansionErrors, SeeAModelThatWasConverted) {
  net->to(at::kDouble);

  EXPECT_EQ(error_of([&] { expansion.fold(); }),
            "fold: the model's dtype must be the one that was expanded "
            "(Float), got Double at \"conv1\"; convert both with "
            "Expansion::to");
}

TEST_F(ExpansionErrors, SeeAModelThatWasMoved) {
  if (!at::hasCUDA()) GTEST_SKIP() << "no CUDA device to move to";
  net->to(at::kCUDA);

  EXPECT_EQ(
      error_of([&] { expansion.fold(); }),
      "fold: model and factors must be on one device (cpu), got cuda:0 at "
      "\"conv1\"; move both with Expansion::to");
}

TEST_F(ExpansionErrors, SeeAWeightThatWasResized) {
  net->conv1->weight.set_data(torch::ones({4, 3, 5, 5}));

  EXPECT_EQ(error_of([&] { expansion.pull_back(); }),
            "pull_back: the weight must be [4, 3, 7, 7], got [4, 3, 5, 5] at "
            "\"conv1\"; restore its shape");
}

TEST_F(ExpansionErrors, SeeAWeightThatWasReplaced) {
  // reset() registers new parameters under the old names.
  auto replaced = torch::nn::Conv2d(Conv2dOptions(3, 4, 7).padding(3));
  *net->conv1 = *replaced;

  EXPECT_EQ(error_of([&] { expansion.pull_back(); }),
            "pull_back: the weight must be the one that was expanded, got "
            "another at \"conv1\"; expand the model again");
}

TEST_F(ExpansionErrors, SeeFactorsWrittenWithoutAFold) {
  backward();
  expansion.pull_back();
  {
    const torch::NoGradGuard no_grad;
    expansion.named_parameters()["conv1.chain.0.bias"].zero_();
  }

  EXPECT_EQ(error_of([&] { expansion.pull_back(); }),
            "pull_back: factors must be as they were folded, got changed ones "
            "at \"conv1\"; call fold() after writing to them");
}

TEST_F(ExpansionErrors, SeeFactorsReplacedWithoutAFold) {
  backward();
  auto factor = expansion.named_parameters()["conv1.chain.0.weight"];
  factor.set_data(torch::zeros_like(factor));

  EXPECT_EQ(error_of([&] { expansion.pull_back(); }),
            "pull_back: factors must be as they were folded, got changed ones "
            "at \"conv1\"; call fold() after writing to them");
  expansion.fold();
  EXPECT_EQ(net->conv1->weight.abs().max().item<float>(), 0);
}

TEST_F(ExpansionErrors, LeaveTheFactorsWhereOthersCannotBeLoaded) {
  CompactNet another;
  std::stringstream wider;
  torch::save(expand(*another, ExpansionOptions().rate(3)), wider);
  std::vector<at::Tensor> before;
  for (const auto& factor : expansion.parameters()) {
    before.push_back(factor.detach().clone());
  }

  EXPECT_EQ(error_of([&] { torch::load(expansion, wider); }),
            "load: a factor must be [6, 3, 3, 3], got [9, 3, 3, 3] at "
            "\"conv1.chain.0.weight\"; expand the model as the saved one was");

  const auto after = expansion.parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(after[i].equal(before[i])) << i;
  }
  static_cast<void>(expansion.verify());  // throws where a fold is missing
}

TEST_F(ExpansionErrors, RefuseToExpandTwice) {
  EXPECT_EQ(error_of([&] { static_cast<void>(expand(*net)); }),
            "expand: a layer is expanded once, got one that an Expansion "
            "holds already at \"conv1\"; contract() or drop that Expansion "
            "first");
}

TEST_F(ExpansionErrors, SeeAModelThatDoesNotHoldTheFold) {
  {
    const torch::NoGradGuard no_grad;
    net->conv1->weight.zero_();
  }

  EXPECT_EQ(
      error_of([&] { static_cast<void>(expansion.verify()); }),
      "verify: the model must hold the fold of its chain, got a relative "
      "error of 1.0e+00 at \"conv1\"; call fold() after writing to either");
}

TEST(ExpandErrors, NameTheLayerThatDoesNotFit) {
  CompactNet net;
  const auto before = net->conv1->weight.detach().clone();

  EXPECT_EQ(
      error_of([&] {
        static_cast<void>(expand(
            *net,
            [](const std::string& path,
               const torch::nn::Module&) -> std::optional<ExpansionOptions> {
              if (path == "conv1" || path == "conv2") {
                return Strategy::kCK;
              }
              return std::nullopt;
            }));
      }),
      "expand: CK needs a kernel with a side above 3, got 3x3 at "
      "\"conv2\"; use CL");
  EXPECT_TRUE(net->conv1->weight.equal(before));
}

TEST(ExpandErrors, NameAModelWithNothingToExpand) {
  torch::nn::Sequential net(torch::nn::ReLU(), torch::nn::Linear(4, 4));

  EXPECT_EQ(error_of([&] { static_cast<void>(expand(*net)); }),
            "expand: the model must hold a layer to expand, got none; give a "
            "selector that names one");
}

TEST(ExpandErrors, TellWhyNothingIsExpanded) {
  torch::nn::Sequential net(torch::nn::Linear(4, 4), torch::nn::Linear(4, 2));
  for (auto& parameter : net->parameters()) parameter.set_requires_grad(false);
  std::vector<std::string> notes;
  try {
    static_cast<void>(expand(*net));
  } catch (const NothingToExpand& error) {
    notes = error.notes();
  }
  EXPECT_EQ(notes, std::vector<std::string>{"\"0\" stays compact: frozen "
                                            "(requires_grad is false)"});
}

TEST(ExpandErrors, NameALayerWhoseWeightIsNotFinite) {
  CompactNet net;
  {
    const torch::NoGradGuard no_grad;
    net->conv1->weight.view(-1)[0] = std::nan("");
  }
  const auto refusal = [&](InitialValues values) {
    return error_of([&] {
      static_cast<void>(
          expand(*net, ExpansionOptions().initial_values(values)));
    });
  };
  for (const auto values :
       {InitialValues::kPreserving, InitialValues::kMatched}) {
    EXPECT_EQ(refusal(values),
              "expand: weight and bias must be finite, got inf or nan among "
              "them at \"conv1\"; start from weights of before the divergence");
  }
  EXPECT_EQ(refusal(InitialValues::kDefault), "");
}

TEST(ExpandErrors, RefuseATwin) {
  CompactNet net;

  EXPECT_EQ(error_of([&] {
              static_cast<void>(
                  expand(*net, ExpansionOptions().activation(torch::relu)));
            }),
            "expand: weight space trains linear chains, got a nonlinear twin "
            "at \"conv1\"; train the twin as modules and hand it over");
}

}  // namespace
}  // namespace expandnet::testing
