// Sums of branches, as weight space and as modules train them.
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/hand_over.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

/// Rounding of a few training steps in fp64.
constexpr double kTrained = 1e-10;

/// A first layer, two depthwise ones of other widths and one of a few groups.
std::vector<Conv2dOptions> layers_of_sums() {
  return {Conv2dOptions(3, 6, 3).padding(1).bias(true),
          Conv2dOptions(6, 6, 3).padding(1).groups(6).bias(false),
          Conv2dOptions(6, 9, 3).padding(1).groups(3).bias(true),
          Conv2dOptions(9, 9, 3).stride(2).padding(1).groups(9).bias(false)};
}

class CompactSumsImpl : public torch::nn::Module {
 public:
  CompactSumsImpl() {
    for (const auto& options : layers_of_sums()) {
      convs_.emplace_back(
          register_module("conv" + std::to_string(convs_.size()),
                          torch::nn::Conv2d(Conv2dOptions(options))));
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    for (auto& conv : convs_) x = conv(x).tanh();
    return x;
  }

 private:
  std::vector<torch::nn::Conv2d> convs_;
};
TORCH_MODULE(CompactSums);

class ExpandedSumsImpl : public torch::nn::Module {
 public:
  explicit ExpandedSumsImpl(const ExpansionOptions& options) {
    for (const auto& layer : layers_of_sums()) {
      convs_.emplace_back(
          register_module("conv" + std::to_string(convs_.size()),
                          ExpandedConv2d(layer, options)));
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    for (auto& conv : convs_) x = conv(x).tanh();
    return x;
  }

 private:
  std::vector<ExpandedConv2d> convs_;
};
TORCH_MODULE(ExpandedSums);

std::string name_of_sum(const ::testing::TestParamInfo<Strategy>& test) {
  switch (test.param) {
    case Strategy::kOREPA:
      return "Orepa";
    case Strategy::kACB:
      return "Acb";
    case Strategy::kRep:
      return "Rep";
    default:
      return "ClSkip";
  }
}

class BranchSums : public ::testing::TestWithParam<Strategy> {};

/// A net in weight space, and modules with the same factors, in fp64.
struct SumsInBoth {
  SumsInBoth(const ExpansionOptions& options, Execution execution)
      : modules(ExpansionOptions(options).execution(execution)) {
    torch::manual_seed(0);
    net->to(at::kDouble);
    modules->to(at::kDouble);
    expansion = std::make_unique<Expansion>(expand(*net, options));
    const torch::NoGradGuard no_grad;
    const auto into = modules->named_parameters();
    for (const auto& item : expansion->named_parameters()) {
      into[item.key()].copy_(item.value());
    }
  }

  /// One step of the modules, whose gradients autograd computes.
  void step_modules(torch::optim::Optimizer& optimizer, const at::Tensor& x) {
    optimizer.zero_grad();
    modules(x).square().mean().backward();
    optimizer.step();
  }

  void expect_same_factors(double tolerance) const {
    const auto expected = modules->named_parameters();
    for (const auto& item : expansion->named_parameters()) {
      EXPECT_LE(relative_error(item.value(), expected[item.key()]), tolerance)
          << item.key();
    }
  }

  CompactSums net;
  ExpandedSums modules;
  std::unique_ptr<Expansion> expansion;
};

torch::optim::SGDOptions sgd_of_sums() {
  return torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(1e-3);
}

at::Tensor batches_for_sums() {
  torch::manual_seed(1);
  return torch::randn({6, 3, 3, 8, 8}, at::kDouble);
}

TEST_P(BranchSums, TrainLikeTheirFeatureMaps) {
  for (const auto execution : {Execution::kChained, Execution::kFolded}) {
    SumsInBoth both(GetParam(), execution);
    auto& [net, modules, expansion] = both;
    torch::optim::SGD by_weights(expansion->parameters(), sgd_of_sums());
    torch::optim::SGD by_modules(modules->parameters(), sgd_of_sums());
    const auto batches = batches_for_sums();

    for (int step = 0; step < batches.size(0); ++step) {
      expansion->zero_grad();
      net(batches[step]).square().mean().backward();
      expansion->step(by_weights);
      both.step_modules(by_modules, batches[step]);
    }

    both.expect_same_factors(kTrained);
    contract(*modules);
    expansion->contract();
    const auto contracted = modules->named_parameters();
    for (const auto& item : net->named_parameters()) {
      EXPECT_LE(relative_error(item.value(), contracted[item.key()]), kTrained)
          << item.key();
    }
  }
}

/// SGD of `sgd_of_sums` that updates whichever parameters it is given.
class UpdateOfSome {
 public:
  void operator()(const std::vector<at::Tensor>& parameters) {
    const torch::NoGradGuard no_grad;
    const auto options = sgd_of_sums();
    for (const auto& parameter : parameters) {
      if (!parameter.grad().defined()) continue;
      const auto change =
          parameter.grad().add(parameter, options.weight_decay());
      auto& velocity = velocities_[parameter.unsafeGetTensorImpl()];
      velocity = velocity.defined()
                     ? velocity.mul(options.momentum()).add(change)
                     : change;
      parameter.sub_(velocity, options.lr());
    }
  }

 private:
  std::map<const void*, at::Tensor> velocities_;
};

/// Some steps in fp64, of which each rounds numbers of order 1.
constexpr double kStepped = 1e-12;

void expect_steps_in_backward(const ExpansionOptions& options) {
  SumsInBoth late(options, Execution::kFolded);
  SumsInBoth early(options, Execution::kChained);
  torch::optim::SGD of_late(late.expansion->parameters(), sgd_of_sums());
  torch::optim::SGD of_early(early.expansion->parameters(), sgd_of_sums());
  torch::optim::SGD by_modules(early.modules->parameters(), sgd_of_sums());
  StepInBackward how;
  how.update = UpdateOfSome();
  const auto batches = batches_for_sums();

  for (int step = 0; step < batches.size(0); ++step) {
    late.expansion->zero_grad();
    late.net(batches[step]).square().mean().backward();
    late.expansion->step(of_late);
    early.expansion->zero_grad();
    const auto loss = early.net(batches[step]).square().mean();
    early.expansion->step_in_backward(
        of_early, [&] { loss.backward(); }, how);
    early.step_modules(by_modules, batches[step]);
  }

  early.expect_same_factors(kStepped);
  const auto factors = late.expansion->named_parameters();
  for (const auto& item : early.expansion->named_parameters()) {
    EXPECT_LE(relative_error(item.value(), factors[item.key()]), kStepped)
        << item.key();
  }
  const auto weights = late.net->named_parameters();
  for (const auto& item : early.net->named_parameters()) {
    EXPECT_LE(relative_error(item.value(), weights[item.key()]), kStepped)
        << item.key();
  }
}

TEST_P(BranchSums, StepInBackwardLikeTheirFeatureMaps) {
  expect_steps_in_backward(GetParam());
}

TEST(BranchSumsOfEveryKind, StepInBackwardLikeTheirFeatureMaps) {
  expect_steps_in_backward(ExpansionOptions().rate(2).branches(
      {{Branch().scale(0.5).bias(true),
        Branch().kernel_size({1, 0}).scale(-1).bias(true),
        Branch(BranchKind::kChain).strategy(Strategy::kCL).scale(0.7),
        Branch(BranchKind::kPointwiseKernel).scale(0.5),
        Branch(BranchKind::kPointwiseKernel).width(2).bias(true),
        Branch(BranchKind::kDepthwiseSeparable).width(2).scale(1),
        Branch(BranchKind::kAverage).scale(0.25), BranchKind::kAverage,
        Branch(BranchKind::kCosine).scale(0)}}));
}

TEST_P(BranchSums, KeepTheFunctionTheyStartFrom) {
  torch::manual_seed(0);
  CompactSums net;
  net->to(at::kDouble);
  const auto input = torch::randn({2, 3, 8, 8}, at::kDouble);
  const auto before = net(input);

  const auto expansion = expand(
      *net,
      ExpansionOptions(GetParam()).initial_values(InitialValues::kPreserving));

  EXPECT_LE(relative_error(net(input), before), kTrained);
  EXPECT_TRUE(expansion.notes().empty());
}

TEST_P(BranchSums, AreSavedAndLoaded) {
  torch::manual_seed(0);
  CompactSums net;
  auto saved = expand(*net, ExpansionOptions(GetParam()));
  std::stringstream file;
  torch::save(saved, file);
  CompactSums other;
  auto loaded = expand(*other, ExpansionOptions(GetParam()));

  torch::load(loaded, file);

  const auto expected = net->named_parameters();
  for (const auto& item : other->named_parameters()) {
    EXPECT_TRUE(item.value().equal(expected[item.key()])) << item.key();
  }
}

TEST_P(BranchSums, HaveAllTheirStateByName) {
  CompactSums net;
  const auto expansion = expand(*net, ExpansionOptions(GetParam()));
  ExpandedSums modules{ExpansionOptions(GetParam())};
  auto state = expansion.named_parameters();
  state.update(expansion.named_buffers());
  auto expected = modules->named_parameters();
  expected.update(modules->named_buffers());

  EXPECT_EQ(state.size(), expected.size());
  for (const auto& item : expected) {
    ASSERT_NE(state.find(item.key()), nullptr) << item.key();
    EXPECT_EQ(state[item.key()].sizes(), item.value().sizes()) << item.key();
    EXPECT_EQ(state[item.key()].scalar_type(), item.value().scalar_type());
  }
}

TEST_P(BranchSums, AreHandedOver) {
  torch::manual_seed(0);
  ExpandedSums modules{ExpansionOptions(GetParam())};
  CompactSums net;
  auto expansion = expand(*net, ExpansionOptions(GetParam()));

  hand_over(*modules, expansion);

  contract(*modules);
  const auto expected = modules->named_parameters();
  for (const auto& item : net->named_parameters()) {
    EXPECT_LE(relative_error(item.value(), expected[item.key()]), 1e-5);
  }
}

TEST_P(BranchSums, KeepTheirLayoutInHalfPrecision) {
  CompactSums net;
  auto expansion = expand(*net, ExpansionOptions(GetParam()));

  expansion.to(at::kBFloat16);

  for (const auto& item : expansion.named_buffers()) {
    const auto last = item.key().substr(item.key().rfind('.') + 1);
    EXPECT_EQ(item.value().scalar_type(),
              last == "weight" ? at::kFloat : at::kLong)
        << item.key();
  }
  EXPECT_EQ(expansion.verify().layers.size(), 4U);
}

TEST_P(BranchSums, AreClonedWithTheirModules) {
  torch::manual_seed(0);
  ExpandedConv2d layer(layers_of_sums()[0], GetParam());
  const auto input = torch::randn({2, 3, 8, 8});
  const auto before = layer->forward(input);

  const auto copy =
      std::dynamic_pointer_cast<ExpandedConv2dImpl>(layer->clone());

  ASSERT_NE(copy, nullptr);
  EXPECT_FALSE(copy->is_contracted());
  EXPECT_TRUE(copy->forward(input).equal(before));
  {
    const torch::NoGradGuard no_grad;
    for (auto& factor : copy->parameters()) factor.mul_(1.5);
  }
  EXPECT_TRUE(layer->forward(input).equal(before));
  EXPECT_FALSE(copy->forward(input).equal(before));
}

INSTANTIATE_TEST_SUITE_P(Presets, BranchSums,
                         ::testing::Values(Strategy::kOREPA, Strategy::kACB,
                                           Strategy::kRep, Strategy::kCLSkip),
                         name_of_sum);

/// What fp32 makes of a weight that a sum has been factorized from.
constexpr double kKeptInFloat = 1e-5;

/// How far the output of a convolution 7x7 is off once it is expanded from its
/// weight, and the notes of that.
struct KeptFunction {
  explicit KeptFunction(ExpansionOptions options) {
    torch::manual_seed(0);
    torch::nn::Sequential net(
        torch::nn::Conv2d(Conv2dOptions(16, 16, 7).padding(3)));
    const auto input = torch::randn({2, 16, 9, 9});
    const auto before = net->forward(input).detach();
    const auto expansion =
        expand(*net, options.initial_values(InitialValues::kPreserving));
    error = relative_error(net->forward(input), before);
    notes = expansion.notes();
  }
  double error = 0;
  std::vector<std::string> notes;
};

TEST(PreservingSums, SolveForTheBranchThatHoldsTheWeight) {
  const KeptFunction kept(ExpansionOptions().rate(.25).branches(
      {{Branch(BranchKind::kChain).strategy(Strategy::kCL).bias(true),
        Branch().bias(true)}}));

  EXPECT_LE(kept.error, kKeptInFloat);
  EXPECT_EQ(kept.notes, std::vector<std::string>());
}

TEST(PreservingSums, TakeClWhereCkFallsShort) {
  for (const auto& options : {ExpansionOptions(Strategy::kCKRep).rate(1),
                              ExpansionOptions().rate(1).branches(
                                  {{Branch(BranchKind::kChain).bias(true),
                                    Branch().kernel_size({1, 1})}})}) {
    const KeptFunction kept(options);

    EXPECT_LE(kept.error, kKeptInFloat);
    ASSERT_EQ(kept.notes.size(), 1U);
    EXPECT_EQ(kept.notes[0].rfind("\"0\" is expanded by CL: CK would keep its "
                                  "weight to ",
                                  0),
              0U)
        << kept.notes[0];
  }
}

TEST(HandOverErrors, NameOtherBranchesOfTheSameShapes) {
  const auto layer = Conv2dOptions(6, 6, 3).padding(1).groups(6).bias(false);
  const ExpandedConv2d twin(
      layer, ExpansionOptions().branches({{Branch().scale(1), Branch()}}));
  torch::nn::Sequential model(ExpandedConv2d(
      layer, ExpansionOptions().branches(
                 {{Branch(), Branch(BranchKind::kPointwiseKernel).width(1)}})));
  const auto before =
      model->named_parameters()["0.chain.0.weight"].detach().clone();

  EXPECT_EQ(error_of([&] { hand_over(*torch::nn::Sequential(twin), *model); }),
            "hand_over: both models must have the same branches, got others in "
            "the twin at \"0.chain.branches\"; expand both alike");
  EXPECT_TRUE(model->named_parameters()["0.chain.0.weight"].equal(before));
}

TEST(BranchSummary, NamesTheBranchesAndWhereTheyStart) {
  torch::manual_seed(0);
  CompactSums net;
  const auto expansion = expand(*net, Strategy::kRep);

  const auto summary = expansion.summary();

  EXPECT_EQ(summary.rows[1].expansion, "rep 3x3 + 1x1 + identity");
  const auto weight = net->named_parameters()["conv1.weight"];
  EXPECT_NEAR(summary.rows[1].initial_spread.value(),
              weight.square().mean().sqrt().item<double>(), 1e-6);
  EXPECT_NE(summary.to_string().find("start spread"), std::string::npos);
}

std::vector<at::Tensor> copies_of_parameters(const torch::nn::Module& model) {
  std::vector<at::Tensor> copies;
  for (const auto& parameter : model.parameters()) {
    copies.push_back(parameter.detach().clone());
  }
  return copies;
}

TEST(BranchSumErrors, NameABranchThatIsNotFinite) {
  torch::manual_seed(0);
  CompactSums net;
  auto expansion = expand(*net, Strategy::kRep);
  const auto before = copies_of_parameters(*net);
  {
    const torch::NoGradGuard no_grad;
    expansion.named_parameters()["conv0.chain.3.weight"].fill_(
        std::numeric_limits<float>::quiet_NaN());
  }

  EXPECT_EQ(error_of([&] { expansion.contract(); }),
            "contract: factors must be finite, got inf or nan in factor 3 at "
            "\"conv0\"; go back to a checkpoint before the divergence");
  const auto after = net->parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(after[i].equal(before[i]));
  }
}

TEST(BranchSumErrors, NameStateOfOtherBranches) {
  CompactSums net;
  const auto saved = expand(*net, Strategy::kACB);
  std::stringstream file;
  torch::save(saved, file);
  CompactSums other;
  auto expansion = expand(*other, Strategy::kRep);
  const auto before = copies_of_parameters(*other);

  EXPECT_EQ(error_of([&] { torch::load(expansion, file); }),
            "load: a chain must have the branches of the saved one, got "
            "others at \"conv0.chain\"; expand the model as the saved one was");
  const auto after = other->parameters();
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(after[i].equal(before[i]));
  }
}

TEST(BranchSumErrors, NameTheLayer) {
  CompactSums net;

  EXPECT_EQ(error_of([&] {
              static_cast<void>(expand(
                  *net, ExpansionOptions().branches(
                            {{Branch().bias(true), BranchKind::kIdentity}})));
            }),
            "expand: an identity needs as many output as input channels, got 3 "
            "-> 6 at \"conv0\"; leave the branch out");
}

}  // namespace
}  // namespace expandnet::testing
