#include <c10/core/DefaultDtype.h>
#include <expandnet/fold/narrow.h>
#include <expandnet/nn/describe.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_linear.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/hand_over.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <sstream>
#include <string>
#include <vector>

#include "nn/models.h"
#include "passes/pair.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// Twenty steps amplify the rounding of fp64 some hundred times.
constexpr double kSame = 1e-10;
constexpr int kSteps = 20;

/// Chains of every strategy, each with an interior that narrows.
std::optional<ExpansionOptions> wide_interiors(const std::string& path) {
  if (path == "conv1") return ExpansionOptions(Strategy::kCK).widths({40, 1});
  if (path == "conv2") return ExpansionOptions(Strategy::kCL).widths({2, 40});
  if (path == "fc1") return ExpansionOptions(Strategy::kFC).widths({200, 6});
  return std::nullopt;
}

/// Makes modules and their factors in fp64: factors that are narrowed in float
/// are those of the wide chain to the rounding of float.
class DoubleByDefault {
 public:
  DoubleByDefault() { set(at::kDouble); }
  ~DoubleByDefault() { set(at::kFloat); }
  DoubleByDefault(const DoubleByDefault&) = delete;
  DoubleByDefault& operator=(const DoubleByDefault&) = delete;

 private:
  static void set(at::ScalarType dtype) {
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(dtype));
  }
};

/// A compact net in fp64 with its chains, the same from each call.
struct NarrowNet {
  explicit NarrowNet(bool narrow) {
    const DoubleByDefault exact;
    torch::manual_seed(0);
    compact = CompactNet();
    expansion = std::make_unique<Expansion>(expand(
        *compact,
        [narrow](const std::string& path,
                 const torch::nn::Module&) -> std::optional<ExpansionOptions> {
          auto options = wide_interiors(path);
          if (options) options->narrow(narrow);
          return options;
        }));
  }

  std::vector<Affine> factors(const std::string& path) const {
    const auto parameters = expansion->named_parameters();
    std::vector<Affine> result;
    for (int i = 0; i < 3; ++i) {
      const auto key = path + ".chain." + std::to_string(i);
      const auto* bias = parameters.find(key + ".bias");
      result.push_back({parameters[key + ".weight"].detach(),
                        bias != nullptr ? bias->detach() : at::Tensor()});
    }
    return result;
  }

  CompactNet compact{nullptr};
  std::unique_ptr<Expansion> expansion;
};

/// One update of two batches, as the arguments say.
void update_net(NarrowNet& net, torch::optim::Optimizer& optimizer,
                const at::Tensor& x, double max_grad_norm) {
  net.expansion->zero_grad();
  for (const auto& half : x.chunk(2)) {
    (loss_of(net.compact(half)) / 2).backward();
  }
  if (max_grad_norm > 0) {
    net.expansion->pull_back();
    torch::nn::utils::clip_grad_norm_(net.expansion->parameters(),
                                      max_grad_norm);
  }
  net.expansion->step(optimizer);
}

Plan plan_of(const std::string& path, const NarrowNet& net) {
  const auto& compact = *net.compact;
  if (path == "fc1") {
    return plan(describe(compact.fc1->options), *wide_interiors(path));
  }
  const auto& conv = path == "conv1" ? compact.conv1 : compact.conv2;
  return plan(describe(conv->options), *wide_interiors(path));
}

TEST(Narrowed, TrainsToTheWideModelsWeights) {
  NarrowNet wide(false);
  NarrowNet narrow(true);
  const auto batches = torch::randn({kSteps, 8, 3, 12, 12}, at::kDouble);
  const auto options =
      torch::optim::SGDOptions(0.05).momentum(0.9).nesterov(true).weight_decay(
          1e-3);
  torch::optim::SGD of_wide(wide.expansion->parameters(), options);
  torch::optim::SGD of_narrow(narrow.expansion->parameters(), options);
  std::vector<std::vector<at::Tensor>> bases;
  for (const auto* path : {"conv1", "conv2", "fc1"}) {
    bases.push_back(
        expandnet::narrow(plan_of(path, wide), wide.factors(path)).bases);
  }

  for (int step = 0; step < kSteps; ++step) {
    update_net(wide, of_wide, batches[step], /*max_grad_norm=*/0.5);
    update_net(narrow, of_narrow, batches[step], /*max_grad_norm=*/0.5);

    const auto expected = wide.compact->named_parameters();
    for (const auto& entry : narrow.compact->named_parameters()) {
      EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), kSame)
          << entry.key() << " in step " << step;
    }
  }

  for (std::size_t i = 0; i < 3; ++i) {
    const std::string path = std::vector{"conv1", "conv2", "fc1"}[i];
    const auto widened =
        tensors_of(widen(plan_of(path, wide), narrow.factors(path), bases[i]));
    const auto expected = tensors_of(wide.factors(path));
    ASSERT_EQ(widened.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) {
      EXPECT_LE(relative_error(widened[k], expected[k]), kSame)
          << path << ", tensor " << k;
    }
  }
}

TEST(Narrowed, ContractsToTheWideModelsWeights) {
  NarrowNet wide(false);
  NarrowNet narrow(true);

  const auto report = narrow.expansion->contract();
  wide.expansion->contract();

  const auto expected = wide.compact->named_parameters();
  for (const auto& entry : narrow.compact->named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]),
              kDouble.tolerance)
        << entry.key();
  }
  EXPECT_EQ(report.layers[2].widths, "150 -> 200 -> 6 -> 8");
  EXPECT_EQ(report.layers[2].parameters_before, 31462);
  EXPECT_EQ(report.layers[2].parameters_kept, 24711);
}

TEST(Narrowed, SumsUpWhatWasAskedForAndWhatIsKept) {
  const NarrowNet wide(false);
  const NarrowNet narrow(true);
  const auto count = [](const NarrowNet& net) {
    std::int64_t numbers = 0;
    for (const auto& parameter : net.expansion->parameters()) {
      numbers += parameter.numel();
    }
    return numbers;
  };

  const auto sums = narrow.expansion->summary();

  EXPECT_EQ(sums.rows[2].expansion, "FC 150 -> 200 -> 6 -> 8");
  EXPECT_EQ(sums.total().train_parameters, count(wide));
  EXPECT_EQ(sums.total().kept_parameters, count(narrow));
  EXPECT_EQ(wide.expansion->summary().total().kept_parameters, std::nullopt);
  EXPECT_LT(sums.total().train_bytes,
            wide.expansion->summary().total().train_bytes);
  EXPECT_NE(sums.to_string().find("31,462 (24,711 kept)"), std::string::npos);
}

TEST(Narrowed, IsSavedNarrowAndLoadedNarrow) {
  NarrowNet trained(true);
  torch::optim::SGD optimizer(trained.expansion->parameters(), 0.05);
  update_net(trained, optimizer, torch::randn({4, 3, 12, 12}, at::kDouble), 0);
  std::stringstream file;
  torch::save(*trained.expansion, file);
  NarrowNet loaded(true);

  torch::load(*loaded.expansion, file);

  for (const auto* path : {"conv1", "conv2", "fc1"}) {
    const auto of_trained = tensors_of(trained.factors(path));
    const auto of_loaded = tensors_of(loaded.factors(path));
    for (std::size_t i = 0; i < of_loaded.size(); ++i) {
      EXPECT_TRUE(of_loaded[i].equal(of_trained[i])) << path << " " << i;
    }
  }
}

TEST(Narrowed, StartsFromANonlinearTwin) {
  const DoubleByDefault exact;
  torch::manual_seed(0);
  ExpandedNet twin(Execution::kChained, torch::relu);
  twin->to(at::kDouble);
  const auto x = torch::randn({4, 3, 12, 12}, at::kDouble);
  static_cast<void>(twin(x));
  CompactNet wide;
  CompactNet net;
  for (auto* one : {&wide, &net}) (*one)->to(at::kDouble);
  auto of_wide = expand(*wide, ExpansionOptions().rate(2));
  auto expansion = expand(*net, ExpansionOptions().rate(2).narrow(true));
  ASSERT_TRUE(expansion.summary().total().kept_parameters.has_value());

  hand_over(*twin, of_wide);
  hand_over(*twin, expansion);

  wide->eval();
  net->eval();
  EXPECT_LE(relative_error(net(x), wide(x)), kDouble.tolerance);
}

TEST(NarrowedErrors, NameOptimizersThatTellWidthsApart) {
  NarrowNet net(true);
  loss_of(net.compact(torch::randn({4, 3, 12, 12}, at::kDouble))).backward();
  torch::optim::AdamW adamw(net.expansion->parameters());
  torch::optim::RMSprop rmsprop(net.expansion->parameters());
  const auto before = net.factors("conv1")[0].weight.clone();
  const std::string rule =
      "step: a narrowed chain is trained by SGD, under which it computes what "
      "the wide one does, got torch::optim::";
  const std::string remedy =
      " at \"conv1\"; use torch::optim::SGD or train::SGD, or expand with "
      "narrow(false)";

  EXPECT_EQ(error_of([&] { net.expansion->step(adamw); }),
            rule + "AdamW" + remedy);
  EXPECT_EQ(error_of([&] { net.expansion->step(rmsprop); }),
            rule + "RMSprop" + remedy);
  EXPECT_TRUE(net.factors("conv1")[0].weight.equal(before));
  EXPECT_FALSE(net.expansion->named_parameters()["conv1.chain.0.weight"]
                   .grad()
                   .defined());
}

// The same with nothing to narrow: there is nothing to refuse.
TEST(Narrowed, TakesAnyOptimizerWhereAllWidthIsKept) {
  CompactNet net;
  auto expansion = expand(*net, ExpansionOptions(Strategy::kCK).narrow(true));
  torch::optim::AdamW optimizer(expansion.parameters());
  loss_of(net(torch::randn({4, 3, 12, 12}))).backward();

  expansion.step(optimizer);

  EXPECT_EQ(expansion.summary().total().kept_parameters, std::nullopt);
}

TEST(NarrowedErrors, NameAFileOfWideFactors) {
  const NarrowNet wide(false);
  NarrowNet narrow(true);
  std::stringstream file;
  torch::save(*wide.expansion, file);

  EXPECT_EQ(error_of([&] { torch::load(*narrow.expansion, file); }),
            "load: a factor must be [37, 3, 3, 3], got [40, 3, 3, 3] at "
            "\"conv1.chain.0.weight\"; expand the model as the saved one was");
}

TEST(NarrowedErrors, NameATwinOfOtherWidths) {
  ExpandedNet twin(Execution::kChained, torch::relu);
  NarrowNet net(true);

  EXPECT_EQ(error_of([&] { hand_over(*twin, *net.expansion); }),
            "hand_over: the model's shape is [40, 3, 3, 3], got [6, 3, 3, 3] "
            "at \"conv1.chain.0.weight\"");
}

TEST(NarrowedErrors, NameATwinThatIsToBeNarrowed) {
  EXPECT_EQ(error_of([] {
              const ExpandedLinear twin(
                  8, 4,
                  ExpansionOptions().narrow(true).activation(torch::relu));
            }),
            "Chain: only a linear chain can be narrowed, got a nonlinear twin; "
            "leave out narrow(true)");
}

class NarrowedModules : public ::testing::TestWithParam<Execution> {};

TEST_P(NarrowedModules, TrainToTheWideModulesWeights) {
  const auto make = [](bool narrow) {
    const DoubleByDefault exact;
    torch::manual_seed(0);
    const auto options = [narrow](Strategy strategy) {
      return ExpansionOptions(strategy).execution(GetParam()).narrow(narrow);
    };
    torch::nn::Sequential net(
        ExpandedConv2d(torch::nn::Conv2dOptions(1, 2, 3),
                       options(Strategy::kCL).widths({30, 2})),
        torch::nn::Tanh(), torch::nn::Flatten(),
        ExpandedLinear(32, 5, options(Strategy::kFC).widths({60, 4})));
    return net;
  };
  auto wide = make(false);
  auto narrow = make(true);
  const auto options = torch::optim::SGDOptions(0.05).momentum(0.9);
  torch::optim::SGD of_wide(wide->parameters(), options);
  torch::optim::SGD of_narrow(narrow->parameters(), options);
  EXPECT_LT(narrow->parameters()[0].numel(), wide->parameters()[0].numel());
  const auto x = torch::randn({4, 1, 6, 6}, at::kDouble);

  for (int step = 0; step < kSteps; ++step) {
    for (auto* one : {&wide, &narrow}) {
      (*one)->zero_grad();
      loss_of((*one)->forward(x) - 1).backward();
    }
    of_wide.step();
    of_narrow.step();
  }
  static_cast<void>(contract(*wide));
  static_cast<void>(contract(*narrow));

  const auto expected = wide->named_parameters();
  for (const auto& entry : narrow->named_parameters()) {
    EXPECT_LE(relative_error(entry.value(), expected[entry.key()]), kSame)
        << entry.key();
  }
}

TEST_P(NarrowedModules, StartFromANonlinearTwin) {
  torch::manual_seed(0);
  const auto options = ExpansionOptions().execution(GetParam());
  ExpandedLinear twin(16, 4, ExpansionOptions().activation(torch::relu));
  ExpandedLinear wide(16, 4, options);
  ExpandedLinear narrow(16, 4, ExpansionOptions(options).narrow(true));
  ASSERT_TRUE(narrow->chain->is_narrowed());

  hand_over(*twin, *wide);
  hand_over(*twin, *narrow);

  const auto x = torch::randn({3, 16});
  EXPECT_LE(relative_error(narrow(x), wide(x)), kFloat.tolerance);
  const auto copy =
      std::dynamic_pointer_cast<ExpandedLinearImpl>(narrow->clone());
  EXPECT_TRUE(copy->forward(x).equal(narrow(x)));
}

INSTANTIATE_TEST_SUITE_P(Executions, NarrowedModules,
                         ::testing::Values(Execution::kFolded,
                                           Execution::kChained),
                         [](const auto& test) {
                           return test.param == Execution::kFolded ? "Folded"
                                                                   : "Chained";
                         });

}  // namespace
}  // namespace expandnet::testing
