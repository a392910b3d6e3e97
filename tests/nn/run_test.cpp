#include <expandnet/nn/run.h>
#include <gtest/gtest.h>

#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(MultiplyAdds, OfThePapersAnalysisNet) {
  // Four 7x7 convolutions, each followed by a pool, then 256 -> 64 -> 10. The
  // paper's 6.115 M count some five operations per feature besides.
  std::int64_t total = multiply_adds(linear_layer(256, 64), {}) +
                       multiply_adds(linear_layer(64, 10), {});
  std::int64_t in = 3;
  std::int64_t side = 32;
  for (const std::int64_t out : {8, 16, 32, 64}) {
    total += multiply_adds(conv2d_layer(in, out, 7), {side, side});
    in = out;
    side /= 2;
  }
  EXPECT_EQ(total, 1024 * 1176 + 256 * 6272 + 64 * 25088 + 16 * 100352 +
                       256 * 64 + 64 * 10);
}

TEST(MultiplyAdds, OfAChainCountEveryFactorWhereItRuns) {
  auto layer = conv2d_layer(2, 4, 3);
  layer.stride = {2, 2};
  const auto chain = plan(layer, ExpansionOptions(Strategy::kCL).rate(1));

  // 1x1 over the padded 10x10, 3x3 and 1x1 at the 4x4 outputs.
  EXPECT_EQ(multiply_adds(chain, {8, 8}),
            100 * 2 * 2 + 16 * 9 * 2 * 4 + 16 * 4 * 4);
}

TEST(MultiplyAdds, OfATransposedChainCountInputs) {
  auto layer = conv2d_layer(2, 4, 3);
  layer.stride = {2, 2};
  layer.transposed = true;
  layer.output_padding = {0, 0};
  const auto chain = plan(layer, ExpansionOptions(Strategy::kCL).rate(1));

  EXPECT_EQ(multiply_adds(layer, {5, 5}), 25 * 9 * 2 * 4);
  // The last 1x1 runs on the uncropped 11x11.
  EXPECT_EQ(multiply_adds(chain, {5, 5}),
            25 * 2 * 2 + 25 * 9 * 2 * 4 + 121 * 4 * 4);
}

}  // namespace
}  // namespace expandnet::testing
