#include "fold/fold_loop.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <expandnet/fold/pull_back.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>

#include "fold/compose.h"
#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr std::uint64_t kLoopGeometries = 400;

/// A gradient of the compact layer, as kernels have it.
Affine random_gradient(const Affine& folded) {
  return {torch::randn(folded.weight.sizes(), folded.weight.options()),
          folded.bias.defined()
              ? torch::randn(folded.bias.sizes(), folded.bias.options())
              : at::Tensor()};
}

/// The same in LibTorch's shapes.
Affine in_shape_of(const Plan& plan, const Folded& folded, const Affine& grad,
                   bool with_bias) {
  std::vector<std::int64_t> sides = plan.layer.kernel_size;
  auto weight = from_kernel(grad.weight, sides);
  if (plan.layer.transposed) weight = swap_channels(weight, plan.layer.groups);
  EXPECT_EQ(weight.sizes(), folded.weight.sizes());
  return {weight, with_bias && grad.bias.defined() ? grad.bias.flatten()
                                                   : at::Tensor()};
}

void expect_step(const Plan& plan, const std::vector<Affine>& factors,
                 FoldLoop& loop, double tolerance, bool with_bias,
                 const std::string& where) {
  loop.fold();
  const auto folded = fold(plan, factors);
  EXPECT_LE(relative_error(loop.folded().weight, folded.kernels.back()),
            tolerance)
      << where;
  ASSERT_EQ(loop.folded().bias.defined(), folded.bias.defined()) << where;
  if (folded.bias.defined()) {
    EXPECT_LE(relative_error(loop.folded().bias.flatten(), folded.bias),
              tolerance)
        << where;
  }

  const auto grad = random_gradient(loop.folded());
  const auto expected =
      pull_back(plan, folded, in_shape_of(plan, folded, grad, with_bias));
  loop.gradient().weight.copy_(grad.weight);
  if (grad.bias.defined()) loop.gradient().bias.copy_(grad.bias);
  loop.pull_back(with_bias);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto& actual = loop.gradients()[i];
    EXPECT_LE(relative_error(actual.weight, expected[i].weight), tolerance)
        << where << ", factor " << i;
    if (!expected[i].bias.defined()) continue;
    EXPECT_LE(relative_error(actual.bias, expected[i].bias), tolerance)
        << where << ", bias " << i;
  }
}

class FoldLoops : public ::testing::TestWithParam<Precision> {};

TEST_P(FoldLoops, RepeatWhatFoldAndPullBackDo) {
  const auto [dtype, tolerance] = GetParam();
  for (std::uint64_t seed = 0; seed < kLoopGeometries; ++seed) {
    const auto geometry = random_geometry(seed, dtype);
    const auto& [plan, factors, input] = geometry;
    const auto where =
        "seed " + std::to_string(seed) + ": " + describe_geometry(geometry);
    FoldLoop loop(plan, factors);
    for (const bool with_bias : {true, false}) {
      expect_step(plan, factors, loop, 10 * tolerance, with_bias, where);
      for (const auto& factor : tensors_of(factors)) {
        factor.add_(torch::randn(factor.sizes(), factor.options()), 0.1);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, FoldLoops,
                         ::testing::Values(kDouble, kFloat),
                         [](const auto& test) { return name_of(test.param); });

TEST(FoldLoopMemory, MayHoldFactorsOfAnyStrides) {
  torch::manual_seed(0);
  const auto chain = plan(conv2d_layer(4, 6, 7), Strategy::kCK);
  auto factors = random_factors(chain, at::kDouble);
  factors[0].weight = factors[0].weight.contiguous();
  factors[1].weight =
      factors[1].weight.transpose(2, 3).contiguous().transpose(2, 3);
  FoldLoop loop(chain, factors);

  for (int step = 0; step < 2; ++step) {
    expect_step(chain, factors, loop, kDouble.tolerance, true, "");
    for (auto& factor : factors) factor.weight.mul_(1.5);
  }
}

class Allocations : public c10::MemoryReportingInfoBase {
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

/// LibTorch copies vectors of odd strides: matrices of one row or column.
bool has_a_width_of_one(const Plan& plan) {
  for (const auto& factor : plan.factors) {
    if (factor.in_channels == plan.layer.groups ||
        factor.out_channels == plan.layer.groups) {
      return true;
    }
  }
  return false;
}

TEST(FoldLoopMemory, IsAllMadeAtTheStart) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto geometry = random_geometry(seed, at::kFloat);
    if (has_a_width_of_one(geometry.plan)) continue;
    FoldLoop loop(geometry.plan, geometry.factors);
    const auto watch = std::make_shared<Allocations>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, watch);

    loop.fold();
    loop.pull_back(true);

    EXPECT_EQ(watch->count, 0)
        << "seed " << seed << ": " << describe_geometry(geometry);
    static_cast<void>(torch::ones({2}));
    EXPECT_EQ(watch->count, 1);  // what is watched is seen
  }
}

}  // namespace
}  // namespace expandnet::testing
