#include <expandnet/fold/narrow.h>
#include <expandnet/fold/pull_back.h>
#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <memory>
#include <random>

#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::optim::AdamWOptions;
using torch::optim::SGDOptions;

/// Twenty steps amplify the rounding of fp64 some hundred times.
constexpr double kSame = 1e-10;
constexpr int kSteps = 20;
constexpr std::uint64_t kNarrowGeometries = 120;

/// A chain of which one interior is wider than what narrowing keeps.
struct WideChain {
  Plan plan;
  std::size_t interior;
};

std::int64_t taps_in(const FactorShape& factor) { return factor.taps(); }

WideChain wide_chain(std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  const auto between = [&engine](std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine);
  };
  const auto strategy = static_cast<Strategy>(seed % 3);
  CompactLayer layer;
  layer.groups = strategy == Strategy::kFC ? 1 : between(1, 3);
  layer.in_channels = layer.groups * between(1, 3);
  layer.out_channels = layer.groups * between(1, 3);
  const auto dims = strategy == Strategy::kFC ? 0 : between(1, 2);
  for (std::int64_t d = 0; d < dims; ++d) {
    layer.kernel_size.push_back(strategy == Strategy::kCK ? 5 + 2 * d
                                                          : between(2, 3));
    for (auto* list : {&layer.stride, &layer.dilation}) list->push_back(1);
    for (auto* list :
         {&layer.padding_before, &layer.padding_after, &layer.output_padding}) {
      list->push_back(0);
    }
  }
  layer.transposed = dims > 0 && between(0, 3) == 0;

  ExpansionOptions options(strategy);
  options.depth(between(2, 4));
  const auto interiors = plan(layer, options).factors.size() - 1;
  std::vector<std::int64_t> widths;
  for (std::size_t i = 0; i < interiors; ++i) {
    widths.push_back(layer.groups * between(1, 3));
  }
  auto result = plan(layer, options.widths(widths));
  for (auto& factor : result.factors) {
    factor.bias = factor.bias && between(0, 1) == 1;
  }
  const auto wide = static_cast<std::size_t>(
      between(0, static_cast<std::int64_t>(interiors) - 1));
  auto& inner = result.factors[wide];
  auto& outer = result.factors[wide + 1];
  const auto kept = inner.in_channels / layer.groups * taps_in(inner) +
                    (inner.bias ? 1 : 0) +
                    outer.out_channels / layer.groups * taps_in(outer);
  inner.out_channels = layer.groups * (kept + between(1, 9));
  outer.in_channels = inner.out_channels;
  result.layer.bias = false;
  for (const auto& factor : result.factors) {
    result.layer.bias = result.layer.bias || factor.bias;
  }
  result.order = cheapest_order(result.factors);
  return {result, wide};
}

/// How factors are trained: an optimizer over all of their tensors.
using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(
    const std::vector<at::Tensor>& tensors)>;

template <typename Optimizer, typename Options>
MakeOptimizer all_by(Options options) {
  return [options](const std::vector<at::Tensor>& tensors) {
    return std::make_unique<Optimizer>(tensors, options);
  };
}

/// Each tensor with a rate and a decay of its own.
MakeOptimizer each_by_its_own(const SGDOptions& options) {
  return [options](const std::vector<at::Tensor>& tensors) {
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      auto own = options;
      const auto share = 1 + static_cast<double>(i % 4);
      own.lr(options.lr() / share);
      own.weight_decay(options.weight_decay() * share);
      groups.emplace_back(std::vector<at::Tensor>{tensors[i]},
                          std::make_unique<SGDOptions>(own));
    }
    return std::make_unique<torch::optim::SGD>(groups, options);
  };
}

struct Trained {
  std::vector<Affine> compact;  ///< after each step
  std::vector<Affine> factors;  ///< after the last
};

/// Trains a chain against targets that differ from step to step, with a
/// gradient that is not linear in the weights.
Trained train_chain(const Plan& plan, const std::vector<Affine>& start,
                    const MakeOptimizer& make, double max_grad_norm = 0) {
  torch::manual_seed(7);  // the same targets for every chain of the layer
  Trained result;
  for (const auto& [weight, bias] : start) {
    result.factors.push_back(
        {weight.detach().clone().requires_grad_(),
         bias.defined() ? bias.detach().clone().requires_grad_() : bias});
  }
  const auto tensors = tensors_of(result.factors);
  const auto optimizer = make(tensors);
  const auto toward = [](const at::Tensor& value) {
    return value.defined()
               ? torch::tanh(3 * value -
                             torch::randn(value.sizes(), value.options()))
               : value;
  };
  for (int step = 0; step < kSteps; ++step) {
    const torch::NoGradGuard no_grad;
    const auto folded = fold(plan, result.factors);
    const auto grads =
        pull_back(plan, folded, {toward(folded.weight), toward(folded.bias)});
    for (std::size_t i = 0; i < grads.size(); ++i) {
      result.factors[i].weight.mutable_grad() = grads[i].weight;
      if (!grads[i].bias.defined()) continue;
      result.factors[i].bias.mutable_grad() = grads[i].bias;
    }
    if (max_grad_norm > 0) {
      torch::nn::utils::clip_grad_norm_(tensors, max_grad_norm);
    }
    optimizer->step();
    const auto after = fold(plan, result.factors);
    result.compact.push_back({after.weight.clone(), after.bias.defined()
                                                        ? after.bias.clone()
                                                        : after.bias});
  }
  return result;
}

double largest_difference(const std::vector<Affine>& actual,
                          const std::vector<Affine>& expected) {
  double largest = 0;
  const auto left = tensors_of(actual);
  const auto right = tensors_of(expected);
  EXPECT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    largest = std::max(largest, relative_error(left[i], right[i]));
  }
  return largest;
}

struct Recipe {
  const char* name;
  MakeOptimizer optimizer;
  double max_grad_norm = 0;
};

class NarrowUnderSGD : public ::testing::TestWithParam<Recipe> {};

TEST_P(NarrowUnderSGD, TrainsToTheWideChainsWeights) {
  const auto& recipe = GetParam();
  for (std::uint64_t seed = 0; seed < kNarrowGeometries; ++seed) {
    const auto [plan, interior] = wide_chain(seed);
    torch::manual_seed(seed);
    const auto factors = random_factors(plan, at::kDouble);

    const auto narrowed = narrow(plan, factors);
    const auto wide =
        train_chain(plan, factors, recipe.optimizer, recipe.max_grad_norm);
    const auto small = train_chain(narrowed.plan, narrowed.factors,
                                   recipe.optimizer, recipe.max_grad_norm);

    ASSERT_LT(narrowed.plan.factors[interior].out_channels,
              plan.factors[interior].out_channels)
        << "seed " << seed;
    EXPECT_LE(largest_difference(small.compact, wide.compact), kSame)
        << "seed " << seed << ": " << plan.widths();
    const auto widened = widen(plan, small.factors, narrowed.bases);
    EXPECT_LE(largest_difference(widened, wide.factors), kSame)
        << "seed " << seed << ": " << plan.widths();
    const auto padded = fold(plan, widen(plan, small.factors));
    EXPECT_LE(largest_difference({{padded.weight, padded.bias}},
                                 {wide.compact.back()}),
              kSame)
        << "seed " << seed << ": " << plan.widths();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Recipes, NarrowUnderSGD,
    ::testing::Values(
        Recipe{"Plain", all_by<torch::optim::SGD>(SGDOptions(0.02))},
        Recipe{"MomentumAndDecay",
               all_by<torch::optim::SGD>(
                   SGDOptions(0.02).momentum(0.9).weight_decay(0.05))},
        Recipe{"Dampening", all_by<torch::optim::SGD>(
                                SGDOptions(0.02).momentum(0.8).dampening(0.3))},
        Recipe{"NesterovClipped",
               all_by<torch::optim::SGD>(
                   SGDOptions(0.02).momentum(0.9).nesterov(true).weight_decay(
                       0.01)),
               0.5},
        Recipe{"RatesAndDecayPerTensor",
               each_by_its_own(
                   SGDOptions(0.02).momentum(0.9).weight_decay(0.02))}),
    [](const auto& test) { return test.param.name; });

TEST(Narrow, FoldsToTheSameLayer) {
  for (std::uint64_t seed = 0; seed < kNarrowGeometries; ++seed) {
    const auto [plan, interior] = wide_chain(seed);
    torch::manual_seed(seed);
    const auto factors = random_factors(plan, at::kDouble);
    const auto expected = fold(plan, factors);

    const auto [narrow_plan, narrow_factors, bases] = narrow(plan, factors);

    const auto folded = fold(narrow_plan, narrow_factors);
    EXPECT_LE(largest_difference({{folded.weight, folded.bias}},
                                 {{expected.weight, expected.bias}}),
              kDouble.tolerance);
    const auto& basis = bases[interior];
    const auto identity = torch::eye(basis.size(2), at::kDouble);
    EXPECT_LE(relative_error(basis.transpose(1, 2).bmm(basis),
                             identity.expand({basis.size(0), -1, -1})),
              kDouble.tolerance);
    EXPECT_LE(largest_difference(widen(plan, narrow_factors, bases), factors),
              kDouble.tolerance);
  }
}

TEST(Narrow, DiffersUnderAnOptimizerOfSingleNumbers) {
  const auto [plan, interior] = wide_chain(0);
  torch::manual_seed(0);
  const auto factors = random_factors(plan, at::kDouble);
  const auto narrowed = narrow(plan, factors);
  const auto adamw = all_by<torch::optim::AdamW>(AdamWOptions(0.01));

  const auto wide = train_chain(plan, factors, adamw);
  const auto small = train_chain(narrowed.plan, narrowed.factors, adamw);

  EXPECT_GT(largest_difference({small.compact.back()}, {wide.compact.back()}),
            1e-3);
}

TEST(Narrow, KeepsTheWidthThatThePapersChainOfALinearLayerNeeds) {
  const auto wide = plan(linear_layer(512, 64), ExpansionOptions());

  EXPECT_EQ(wide.widths(), "512 -> 2048 -> 256 -> 64");
  EXPECT_EQ(narrow(wide).widths(), "512 -> 769 -> 256 -> 64");
  EXPECT_EQ(narrow(narrow(wide)).widths(), narrow(wide).widths());
}

TEST(Narrow, LeavesAChainWithoutWidthToSpareAsItIs) {
  for (const auto& wide :
       {plan(conv2d_layer(16, 16, 3), Strategy::kCL),
        plan(conv2d_layer(8, 8, 3, /*groups=*/8), Strategy::kCL),
        plan(conv2d_layer(3, 8, 7), Strategy::kCK),
        plan(linear_layer(16, 16),
             ExpansionOptions(Strategy::kFC).widths({33, 50}))}) {
    torch::manual_seed(0);
    const auto factors = random_factors(wide, at::kFloat);

    const auto [narrow_plan, narrow_factors, bases] = narrow(wide, factors);

    EXPECT_EQ(narrow_plan.widths(), wide.widths());
    const auto before = tensors_of(factors);
    const auto after = tensors_of(narrow_factors);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_TRUE(after[i].equal(before[i])) << wide.widths();
    }
    for (const auto& basis : bases) EXPECT_FALSE(basis.defined());
  }
}

// Biases of zero and equal columns: the space has fewer dimensions than the
// formula of shapes keeps.
TEST(Narrow, SpansASpaceOfLowRank) {
  torch::manual_seed(0);
  const auto wide =
      plan(linear_layer(6, 4), ExpansionOptions(Strategy::kFC).widths({40}));
  auto factors = random_factors(wide, at::kDouble);
  factors[0].bias.zero_();
  factors[0].weight.slice(1, 3) = factors[0].weight.slice(1, 0, 3);
  const auto sgd = all_by<torch::optim::SGD>(SGDOptions(0.02).momentum(0.9));

  const auto narrowed = narrow(wide, factors);

  EXPECT_EQ(narrowed.plan.widths(), "6 -> 11 -> 4");
  EXPECT_LE(largest_difference(
                train_chain(narrowed.plan, narrowed.factors, sgd).compact,
                train_chain(wide, factors, sgd).compact),
            kSame);
}

TEST(Narrow, ReturnsFloatFactorsInTheLibrarysMemoryOrder) {
  torch::manual_seed(0);
  const auto wide = plan(conv2d_layer(1, 2, 3),
                         ExpansionOptions(Strategy::kCL).widths({30, 2}));
  const auto factors = random_factors(wide, at::kFloat);

  const auto narrowed = narrow(wide, factors);

  EXPECT_EQ(narrowed.plan.widths(), "1 -> 20 -> 2 -> 2");
  const auto folded = fold(narrowed.plan, narrowed.factors);
  EXPECT_LE(relative_error(folded.weight, fold(wide, factors).weight),
            kFloat.tolerance);
  for (std::size_t i = 0; i < narrowed.factors.size(); ++i) {
    EXPECT_EQ(narrowed.factors[i].weight.scalar_type(), at::kFloat);
    EXPECT_TRUE(folded.kernels[i].is_alias_of(narrowed.factors[i].weight));
  }
}

class NarrowErrors : public ::testing::Test {
 protected:
  NarrowErrors()
      : wide(plan(linear_layer(2, 3),
                  ExpansionOptions(Strategy::kFC).widths({9}))),
        factors(random_factors(wide, at::kDouble)),
        narrowed(narrow(wide, factors)) {}

  Plan wide;
  std::vector<Affine> factors;
  Narrowed narrowed;
};

TEST_F(NarrowErrors, NameAFactorThatIsNotOfThePlan) {
  EXPECT_EQ(
      error_of([&] { static_cast<void>(narrow(wide, narrowed.factors)); }),
      "narrow: factor 0's weight must be [9, 2], got [6, 2]; restore its "
      "shape");
  EXPECT_EQ(error_of([&] { static_cast<void>(widen(wide, factors)); }),
            "widen: factor 0's weight must be [6, 2], got [9, 2]; restore its "
            "shape");
}

TEST_F(NarrowErrors, NameBasesOfAnotherChain) {
  EXPECT_EQ(error_of([&] {
              static_cast<void>(widen(wide, narrowed.factors,
                                      {narrowed.bases[0], narrowed.bases[0]}));
            }),
            "widen: there must be a basis for each interior, or none, got 2 "
            "for 1");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(widen(wide, narrowed.factors,
                                      {torch::ones({1, 9, 5}, at::kDouble)}));
            }),
            "widen: the basis of interior 0 must be [1, 9, 6], got [1, 9, 5]");
}

}  // namespace
}  // namespace expandnet::testing
