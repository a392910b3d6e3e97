#include <expandnet/models/small_net.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::SmallNet;
using models::SmallNetOptions;

std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(SmallNet, HasThePapersNumberOfParameters) {
  EXPECT_EQ(parameter_count(*SmallNet()), 66'186);
  EXPECT_EQ(parameter_count(*SmallNet(SmallNetOptions().kernel_size(3))),
            15'050);
}

class SmallNetOfKernel : public ::testing::TestWithParam<std::int64_t> {};

TEST_P(SmallNetOfKernel, MapsImagesToLogits) {
  torch::manual_seed(0);
  SmallNet net(SmallNetOptions()
                   .kernel_size(GetParam())
                   .classes(100)
                   .in_channels(1)
                   .image_size(28));

  const auto logits = net(torch::randn({2, 1, 28, 28}));

  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 100}));
}

INSTANTIATE_TEST_SUITE_P(Odd, SmallNetOfKernel, ::testing::Values(1, 3, 5, 9));

TEST(SmallNet, TakesImagesOfItsDefaultSize) {
  EXPECT_EQ(SmallNet()(torch::zeros({1, 3, 32, 32})).sizes(),
            (std::vector<std::int64_t>{1, 10}));
}

TEST(SmallNetErrors, NameAnEvenKernel) {
  EXPECT_EQ(error_of([] { SmallNet(SmallNetOptions().kernel_size(4)); }),
            "SmallNet: kernel_size must be odd, got 4");
}

TEST(SmallNetErrors, NameAnImageThatEndsUpEmpty) {
  EXPECT_EQ(error_of([] {
              SmallNet(SmallNetOptions().kernel_size(3).image_size(14));
            }),
            "SmallNet: images must be larger for a 3x3 kernel, got 14x14");
}

}  // namespace
}  // namespace expandnet::testing
