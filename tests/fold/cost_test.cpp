#include <expandnet/fold/cost.h>
#include <expandnet/fold/narrow.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// Of the kernels that a fold has multiplied with one another.
std::int64_t products_in(const Plan& plan, const Folded& folded) {
  std::int64_t count = 0;
  for (const auto& [outer, inner, sides] : plan.order) {
    const auto& right = folded.kernels[inner];  // [g, m, taps, in]
    count += folded.kernels[outer].numel() * right.size(2) * right.size(3);
  }
  return count;
}

TEST(Cost, IsWhatFoldMultiplies) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto geometry = random_geometry(seed, at::kDouble);
    const auto& plan = geometry.plan;

    EXPECT_EQ(fold_multiply_adds(plan),
              products_in(plan, fold(plan, geometry.factors)))
        << "seed " << seed << ": " << describe_geometry(geometry);
    EXPECT_EQ(step_multiply_adds(plan), 3 * fold_multiply_adds(plan));
  }
}

// The formula of the documentation: (r^2 s + r l) / (batch x positions) of a
// layer's own step, s and l the smaller and the larger of m and n.
TEST(Cost, OfCLIsThatOfTheFormula) {
  constexpr std::int64_t s = 8, l = 16, r = 3;
  const auto options = ExpansionOptions(Strategy::kCL).rate(r);

  for (const auto& layer : {conv2d_layer(s, l, 3), conv2d_layer(l, s, 3)}) {
    EXPECT_EQ(fold_multiply_adds(plan(layer, options)),
              (r * r * s + r * l) * 9 * s * l);
  }
}

TEST(Cost, OfTheWidePartOfAnFCChainIsNotPaidOnceNarrow) {
  const auto wide = plan(linear_layer(512, 64), ExpansionOptions());

  EXPECT_EQ(step_multiply_adds(wide), 301'989'888);
  EXPECT_EQ(step_multiply_adds(narrow(wide)), 113'393'664);
}

}  // namespace
}  // namespace expandnet::testing
