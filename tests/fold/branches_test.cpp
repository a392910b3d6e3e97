#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/fold/initial_values.h>
#include <expandnet/fold/narrow.h>
#include <expandnet/fold/pull_back.h>
#include <expandnet/nn/run.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "fold/chain_layout.h"
#include "fold/compose.h"
#include "fold/fold_loop.h"
#include "fold/given_branches.h"
#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::uint64_t kSums = 500;

/// Sums of up to five branches, each up to four products deep.
constexpr double kSumTolerance = 1e-12;

std::string where_of(std::uint64_t seed, const Geometry& geometry) {
  return "seed " + std::to_string(seed) + ": " + describe_geometry(geometry);
}

bool is_trained(const Plan& plan, std::size_t factor) {
  return !plan.factors[factor].fixed;
}

/// Sums of planned branches, or of given factors.
struct Sums {
  const char* name;
  Geometry (*draw)(std::uint64_t seed, at::ScalarType dtype);
};
void PrintTo(const Sums& sums, std::ostream* stream) { *stream << sums.name; }

class DrawnSums : public ::testing::TestWithParam<Sums> {};

TEST_P(DrawnSums, FoldToTheSumOfTheirFeatureMaps) {
  for (std::uint64_t seed = 0; seed < kSums; ++seed) {
    const auto geometry = GetParam().draw(seed, at::kDouble);
    const auto& [plan, factors, input] = geometry;

    const auto folded = fold(plan, factors);

    EXPECT_LE(relative_error(
                  run_compact(plan.layer, {folded.weight, folded.bias}, input),
                  run_chain(plan, factors, input)),
              kSumTolerance)
        << where_of(seed, geometry);
  }
}

TEST_P(DrawnSums, PullBackEqualsAutogradThroughTheFeatureMaps) {
  for (std::uint64_t seed = 0; seed < kSums; ++seed) {
    const auto geometry = GetParam().draw(seed, at::kDouble);
    const auto& [plan, factors, input] = geometry;
    const auto folded = fold(plan, factors);
    const Affine compact = {folded.weight.clone().requires_grad_(),
                            folded.bias.defined()
                                ? folded.bias.clone().requires_grad_()
                                : at::Tensor()};
    const auto output = run_compact(plan.layer, compact, input);
    const auto weights = torch::randn_like(output);
    (output * weights).sum().backward();

    const auto grads = pull_back(
        plan, folded,
        {compact.weight.grad(),
         compact.bias.defined() ? compact.bias.grad() : at::Tensor()});

    std::vector<at::Tensor> leaves;
    std::vector<at::Tensor> actual;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      EXPECT_EQ(grads[i].weight.defined(), is_trained(plan, i));
      if (!is_trained(plan, i)) continue;
      for (const at::Tensor Affine::*part : {&Affine::weight, &Affine::bias}) {
        const auto leaf = factors[i].*part;
        if (!leaf.defined()) continue;
        leaves.push_back(leaf.requires_grad_());
        actual.push_back(grads[i].*part);
      }
    }
    if (leaves.empty()) continue;
    const auto expected = torch::autograd::grad(
        {(run_chain(plan, factors, input) * weights).sum()}, leaves);
    double scale = 0;
    for (const auto& grad : expected) {
      scale = std::max(scale, grad.abs().max().item<double>());
    }
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].sizes(), expected[i].sizes());
      const auto error =
          (actual[i] - expected[i]).abs().max().item<double>() / scale;
      EXPECT_LE(error, kSumTolerance)
          << "tensor " << i << ", " << where_of(seed, geometry);
    }
  }
}

TEST_P(DrawnSums, AreFoldedInALoopAsOnce) {
  for (std::uint64_t seed = 0; seed < kSums; ++seed) {
    const auto geometry = GetParam().draw(seed, at::kDouble);
    const auto& [plan, factors, input] = geometry;
    FoldLoop loop(plan, factors);
    for (const bool with_bias : {true, false}) {
      loop.fold();
      const auto folded = fold(plan, factors);
      ASSERT_LE(relative_error(loop.folded().weight, folded.kernels.back()),
                kSumTolerance)
          << where_of(seed, geometry);
      ASSERT_EQ(loop.folded().bias.defined(), folded.bias.defined());
      Affine grad;
      grad.weight = torch::randn_like(loop.folded().weight);
      loop.gradient().weight.copy_(grad.weight);
      if (folded.bias.defined()) {
        ASSERT_LE(relative_error(loop.folded().bias.flatten(), folded.bias),
                  kSumTolerance)
            << where_of(seed, geometry);
        grad.bias = torch::randn_like(folded.bias);
        loop.gradient().bias.copy_(
            grad.bias.view(loop.gradient().bias.sizes()));
      }
      auto weight = from_kernel(grad.weight, plan.layer.kernel_size);
      if (plan.layer.transposed) {
        weight = swap_channels(weight, plan.layer.groups);
      }
      const auto expected = pull_back(
          plan, folded, {weight, with_bias ? grad.bias : at::Tensor()});

      loop.pull_back(with_bias);

      for (std::size_t i = 0; i < factors.size(); ++i) {
        const auto& actual = loop.gradients()[i];
        ASSERT_EQ(actual.weight.defined(), is_trained(plan, i));
        if (!is_trained(plan, i)) continue;
        ASSERT_LE(relative_error(actual.weight, expected[i].weight),
                  10 * kSumTolerance)
            << "factor " << i << ", " << where_of(seed, geometry);
        if (!expected[i].bias.defined()) continue;
        ASSERT_LE(relative_error(actual.bias, expected[i].bias),
                  10 * kSumTolerance)
            << "bias " << i << ", " << where_of(seed, geometry);
      }
      for (const auto& factor : tensors_of(factors)) {
        factor.add_(torch::randn(factor.sizes(), factor.options()), 0.1);
      }
    }
  }
}

class SumAllocations : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*pointer*/, std::int64_t size,
                         std::size_t /*total_allocated*/,
                         std::size_t /*total_reserved*/,
                         c10::Device /*device*/) override {
    if (size > 0) ++count;
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }

  int count = 0;
};

TEST(Branches, AllocateNothingInALoop) {
  for (const auto strategy :
       {Strategy::kOREPA, Strategy::kACB, Strategy::kRep, Strategy::kCLSkip}) {
    for (const std::int64_t groups : {1, 2, 8}) {
      const auto sum =
          plan(conv2d_layer(8, 8, 3, groups, /*bias=*/false), strategy);
      FoldLoop loop(sum, random_factors(sum, at::kFloat));
      const auto watch = std::make_shared<SumAllocations>();
      const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                      watch);

      loop.fold();
      loop.pull_back(true);

      EXPECT_EQ(watch->count, 0) << name(strategy) << " groups " << groups;
    }
  }
}

TEST(Branches, ShareNoMemoryWithTheGradient) {
  const auto sum = plan(conv2d_layer(4, 4, 3),
                        ExpansionOptions().branches(
                            {{Branch().bias(true), Branch().bias(true)}}));
  const auto factors = random_factors(sum, at::kFloat);
  const Affine grad = {torch::randn({4, 4, 3, 3}), torch::randn({4})};

  const auto grads = pull_back(sum, fold(sum, factors), grad);

  for (const auto& [weight, bias] : grads) {
    EXPECT_FALSE(weight.is_alias_of(grad.weight));
    EXPECT_FALSE(bias.is_alias_of(grad.bias));
  }
  EXPECT_FALSE(grads[0].weight.is_alias_of(grads[1].weight));
  EXPECT_FALSE(grads[0].bias.is_alias_of(grads[1].bias));
}

/// Casts of the solved branch to its dtype, whose scale is .25 or more.
constexpr double kKeptInDouble = 1e-11;

TEST(Branches, KeepAWeightThatTheyAreFactorizedFrom) {
  for (const auto strategy :
       {Strategy::kOREPA, Strategy::kACB, Strategy::kRep, Strategy::kCLSkip}) {
    for (const std::int64_t groups : {1, 2, 8}) {
      for (const bool bias : {true, false}) {
        for (const bool transposed : {true, false}) {
          torch::manual_seed(1);
          auto layer = conv2d_layer(8, 8, 3, groups, bias);
          layer.transposed = transposed;
          layer.output_padding = {0, 0};
          const auto sum = plan(layer, strategy);
          const auto compact = compact_default(layer, at::kDouble);

          const auto [factors, residual] = factorize(sum, compact);

          const auto folded = fold(sum, factors);
          EXPECT_LE(residual, kKeptInDouble);
          EXPECT_LE(relative_error(folded.weight, compact.weight),
                    kKeptInDouble)
              << name(strategy) << " groups " << groups;
          if (!bias) continue;
          EXPECT_LE(relative_error(folded.bias, compact.bias), kKeptInDouble);
          for (const auto& factor : sum.branches) {
            if (factor.has_scale) {
              const auto& scale = factors[factor.first + factor.count - 1];
              EXPECT_TRUE(torch::isfinite(scale.weight).all().item<bool>());
            }
          }
        }
      }
    }
  }
}

TEST(Branches, CannotBePreservingOneByOne) {
  EXPECT_EQ(
      error_of([] {
        static_cast<void>(
            plan(conv2d_layer(4, 4, 3, 1, /*bias=*/false),
                 ExpansionOptions().branches(
                     {{Branch().initial_values(InitialValues::kPreserving)}})));
      }),
      "plan: a layer's weight is preserved by all its branches, got "
      "kPreserving for one; set initial_values of the ExpansionOptions");
}

TEST(Branches, CannotKeepAWeightWithoutAWholeKernel) {
  const auto sum =
      plan(conv2d_layer(4, 4, 3, 1, /*bias=*/false),
           ExpansionOptions().branches(
               {{BranchKind::kAverage, Branch().kernel_size({1, 0})}}));

  EXPECT_EQ(
      error_of([&] {
        static_cast<void>(
            factorize(sum, {torch::randn({4, 4, 3, 3}), at::Tensor()}));
      }),
      "factorize: one branch must have the layer's kernel, groups and bias, "
      "and a scale that is not 0, if it has one, got average + 1x3; add a "
      "branch of kKernel");
}

TEST(Branches, NarrowOneByOne) {
  torch::manual_seed(0);
  const auto sum =
      plan(conv2d_layer(2, 3, 3),
           ExpansionOptions()
               .branches({{Branch(BranchKind::kChain).scale(1).bias(true),
                           Branch(BranchKind::kDepthwiseSeparable).width(40),
                           Branch(BranchKind::kChain)}})
               .widths({40, 2}));
  const auto factors = random_factors(sum, at::kDouble);

  const auto narrowed = narrow(sum, factors);

  // 2 inputs, a bias and 3x3 of 2 outputs; what is depthwise stays as it is.
  EXPECT_EQ(narrowed.plan.factors[0].out_channels, 2 + 1 + 2 * 9);
  EXPECT_EQ(narrowed.plan.factors[4].out_channels, 80);
  EXPECT_EQ(narrowed.plan.factors[6].out_channels, 2 + 2 * 9);
  const auto before = fold(sum, factors);
  const auto after = fold(narrowed.plan, narrowed.factors);
  EXPECT_LE(relative_error(after.weight, before.weight), kSumTolerance);
  EXPECT_LE(relative_error(after.bias, before.bias), kSumTolerance);
  const auto wide = fold(sum, widen(sum, narrowed.factors, narrowed.bases));
  EXPECT_LE(relative_error(wide.weight, before.weight), kSumTolerance);
}

TEST_P(DrawnSums, AreToldByTheirLayout) {
  for (std::uint64_t seed = 0; seed < kSums; ++seed) {
    const auto geometry = GetParam().draw(seed, at::kDouble);
    const auto& [plan, factors, input] = geometry;
    std::vector<LaidOutFactor> in_file;
    in_file.reserve(factors.size());
    for (const auto& [weight, bias] : factors) {
      in_file.push_back({weight.sizes().vec(), bias.defined()});
    }

    const auto read =
        plan_of_layout(layout_of(plan), in_file, plan.layer.transposed);

    ASSERT_TRUE(read) << where_of(seed, geometry);
    const auto expected = fold(plan, factors);
    const auto actual = fold(*read, factors);
    EXPECT_LE(relative_error(actual.weight, expected.weight), kSumTolerance)
        << where_of(seed, geometry);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , DrawnSums,
    ::testing::Values(Sums{"Planned", random_branches},
                      Sums{"Given", random_given_branches}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Branches, AreNotReadFromALayoutOfOtherFactors) {
  const auto sum = plan(conv2d_layer(4, 4, 3), Strategy::kRep);
  std::vector<LaidOutFactor> in_file;
  for (const auto& factor : sum.factors) {
    in_file.push_back({factor.weight_sizes(), factor.bias});
  }
  const auto layout = layout_of(sum);
  ASSERT_TRUE(plan_of_layout(layout, in_file, false));

  auto fewer = in_file;
  fewer.pop_back();
  EXPECT_FALSE(plan_of_layout(layout, fewer, false));
  auto resized = in_file;
  resized[0].weight = {4, 4, 5, 5};
  EXPECT_FALSE(plan_of_layout(layout, resized, false));
  auto changed = layout;
  changed.branches = layout.branches + 1;
  EXPECT_FALSE(plan_of_layout(changed, in_file, false));
  changed = layout;
  changed.factors = layout.factors * 3;
  EXPECT_FALSE(plan_of_layout(changed, in_file, false));
  changed = layout;
  changed.layer = layout.layer.slice(0, 0, 2);
  EXPECT_FALSE(plan_of_layout(changed, in_file, false));
  // A kernel larger than all branches is one of zeros around them, but not of
  // gigabytes.
  const std::vector<std::int64_t> large = {1, 1001, 1001},
                                  huge = {1, 10001, 10001};
  changed.layer = at::tensor(large, at::kLong);
  EXPECT_TRUE(plan_of_layout(changed, in_file, false));
  changed.layer = at::tensor(huge, at::kLong);
  EXPECT_FALSE(plan_of_layout(changed, in_file, false));
}

FactorShape given_factor(std::int64_t in, std::int64_t out, std::int64_t groups,
                         std::int64_t side = 1) {
  FactorShape factor;
  factor.in_channels = in;
  factor.out_channels = out;
  factor.groups = groups;
  factor.kernel_size = {side, side};
  factor.stride = {1, 1};
  return factor;
}

TEST(GivenBranches, SayWhatDoesNotFit) {
  const auto misfit = [](const std::vector<FactorShape>& chain) {
    auto sum = plan_without_branches(/*groups=*/2, {3, 3});
    EXPECT_EQ(add_given_branch(sum, {given_factor(12, 12, 2, 3)}), "");
    return add_given_branch(sum, chain);
  };
  EXPECT_EQ(misfit({given_factor(12, 24, 12), given_factor(24, 12, 2, 3)}), "");
  EXPECT_EQ(misfit({given_factor(12, 24, 2), given_factor(12, 12, 2)}),
            "24 channels into a layer of 12");
  EXPECT_EQ(misfit({given_factor(12, 12, 4), given_factor(12, 12, 6)}),
            "4 groups before 6");
  EXPECT_EQ(misfit({given_factor(12, 12, 3)}), "3 groups beside 2");
  EXPECT_EQ(misfit({given_factor(12, 12, 2, 2)}),
            "a kernel of 2x2 in one of 3x3");
  EXPECT_EQ(misfit({given_factor(12, 12, 2, 3), given_factor(12, 12, 12, 3)}),
            "a kernel of 5x5 in one of 3x3");
  EXPECT_EQ(misfit({given_factor(8, 12, 2)}),
            "[12, 4, 3, 3] beside [12, 6, 3, 3]");
}

TEST(GivenBranches, RefuseGroupsThatNestInNeighboursOnly) {
  auto sum = plan_without_branches(/*groups=*/2, {1, 1});
  // 12 and 4 make 4, which do not go with 6: there is no order.
  EXPECT_EQ(
      add_given_branch(sum, {given_factor(12, 12, 4), given_factor(12, 12, 12),
                             given_factor(12, 12, 6)}),
      "4 groups before 6");
  // Here all that is composed with the 2 has 2.
  EXPECT_EQ(
      add_given_branch(sum, {given_factor(12, 12, 4), given_factor(12, 12, 2),
                             given_factor(12, 12, 6)}),
      "");
}

}  // namespace
}  // namespace expandnet::testing
