#include <expandnet/passes/hand_over.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(HandOver, CopiesTheTwinsFactorsAndBuffersInPlace) {
  torch::manual_seed(0);
  ExpandedNet twin(Execution::kChained, torch::relu);
  static_cast<void>(twin(torch::randn({4, 3, 12, 12})));
  ExpandedNet linear;
  const auto kept = linear->parameters();

  hand_over(*twin, *linear);

  const auto expected = twin->parameters();
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(kept[i].equal(expected[i]));
    EXPECT_FALSE(kept[i].is_alias_of(expected[i]));
  }
  EXPECT_TRUE(linear->norm1->running_mean.equal(twin->norm1->running_mean));
}

TEST(HandOver, StartsWeightSpaceFromTheTwin) {
  torch::manual_seed(0);
  ExpandedNet twin(Execution::kChained, torch::relu);
  const auto x = torch::randn({4, 3, 12, 12});
  static_cast<void>(twin(x));
  ExpandedNet linear;
  CompactNet net;
  auto expansion = expand(*net, ExpansionOptions().rate(2));

  hand_over(*twin, *linear);
  hand_over(*twin, expansion);

  linear->eval();
  net->eval();
  EXPECT_LE(relative_error(net(x), linear(x)), 1e-5);
}

TEST(HandOverErrors, NameAKeyThatIsMissing) {
  ExpandedNet twin;
  CompactNet plain;

  EXPECT_EQ(error_of([&] { hand_over(*twin, *plain); }),
            "hand_over: both models must have the same state keys, got "
            "\"conv1.chain.0.weight\" in the twin only");
}

TEST(HandOverErrors, LeaveTheModelWhenAShapeDiffers) {
  torch::manual_seed(0);
  ExpandedNet twin(Execution::kChained, torch::relu);
  ExpandedNet linear;
  twin->fc2->bias.set_data(torch::ones({6}));
  const auto before = linear->conv1->chain->factors()[0].weight.clone();

  EXPECT_EQ(error_of([&] { hand_over(*twin, *linear); }),
            "hand_over: the model's shape is [5], got [6] at \"fc2.bias\"");
  EXPECT_TRUE(linear->conv1->chain->factors()[0].weight.equal(before));
}

}  // namespace
}  // namespace expandnet::testing
