#include <expandnet/data/loading/tensors.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "testing.h"

namespace expandnet::data {
namespace {

TEST(Tensors, OfOneAreTakenForIt) {
  const auto one = torch::arange(3);
  const Tensors tensors = one;
  EXPECT_TRUE(at::Tensor(tensors).is_same(one));
  EXPECT_EQ(tensors.all().size(), 1U);
}

TEST(Tensors, OfSeveralAreNotTakenForOne) {
  const Tensors several =
      std::vector<at::Tensor>{torch::arange(3), torch::arange(4)};
  EXPECT_EQ(
      testing::error_of([&] { static_cast<void>(several.one()); }),
      "Tensors: there must be exactly one, got 2; take those that are needed "
      "from all()");
  EXPECT_EQ(
      testing::error_of([&] { static_cast<void>(Tensors().one()); }),
      "Tensors: there must be exactly one, got 0; take those that are needed "
      "from all()");
}

TEST(Tensors, DetachedHaveNoGradient) {
  const auto leaf = torch::ones({2}, torch::requires_grad());
  const Tensors tensors = std::vector<at::Tensor>{leaf * 2, leaf.detach()};
  const auto detached = tensors.detach();
  for (const auto& tensor : detached.all()) {
    EXPECT_FALSE(tensor.requires_grad());
  }
  EXPECT_TRUE(tensors.all()[0].requires_grad());
}

}  // namespace
}  // namespace expandnet::data
