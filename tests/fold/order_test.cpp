#include <expandnet/fold/order.h>
#include <expandnet/fold/plan.h>
#include <gtest/gtest.h>

#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(CheapestOrder, FoldsTheNarrowEndFirst) {
  // (w3 w2) w1 costs 64 * 2048 * (256 + 512), w3 (w2 w1) four times as much.
  const auto order = plan(linear_layer(512, 64), Strategy::kFC).order;

  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(order[0].outer, 2U);
  EXPECT_EQ(order[0].inner, 1U);
  EXPECT_EQ(order[1].outer, 3U);
  EXPECT_EQ(order[1].inner, 0U);
}

TEST(CheapestOrder, FoldsTheNarrowBeginningFirst) {
  const auto order = plan(linear_layer(64, 512), Strategy::kFC).order;

  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(order[0].outer, 1U);
  EXPECT_EQ(order[0].inner, 0U);
}

TEST(CheapestOrder, IsThatOfTheFactors) {
  const auto chain = plan(conv2d_layer(3, 8, 7), Strategy::kCK);
  const auto order = cheapest_order(chain.factors);

  ASSERT_EQ(order.size(), chain.order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(order[i].outer, chain.order[i].outer);
    EXPECT_EQ(order[i].inner, chain.order[i].inner);
    EXPECT_EQ(order[i].sides, chain.order[i].sides);
  }
  EXPECT_EQ(order.back().sides, chain.layer.kernel_size);
}

}  // namespace
}  // namespace expandnet::testing
