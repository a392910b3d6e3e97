#include <expandnet/train/exponential_moving_average.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <sstream>

#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(ExponentialMovingAverage, IsTheMeanThatItsFormulaSays) {
  torch::manual_seed(0);
  torch::nn::Linear layer(3, 2);
  layer->to(at::kDouble);
  const torch::NoGradGuard no_grad;
  train::ExponentialMovingAverage average(*layer, 0.3);
  auto expected = layer->weight.clone();
  for (int n = 1; n <= 8; ++n) {
    layer->weight.copy_(torch::randn({2, 3}, at::kDouble));
    average.update();
    const auto decay = std::min(0.3, (1.0 + n) / (10.0 + n));
    expected = decay * expected + (1 - decay) * layer->weight;
  }
  const auto last = layer->weight.clone();
  average.swap();
  EXPECT_LE(relative_error(layer->weight, expected), 1e-14);
  average.swap();
  EXPECT_TRUE(layer->weight.equal(last));
}

TEST(ExponentialMovingAverage, TakesTheStatisticsOfBatchNorm) {
  torch::nn::BatchNorm1d norm(2);
  const torch::NoGradGuard no_grad;
  train::ExponentialMovingAverage average(*norm, 0.1);
  norm->running_mean.fill_(11);
  average.update();
  average.swap();
  EXPECT_FLOAT_EQ(norm->running_mean[0].item<float>(), 0.9F * 11);
}

TEST(ExponentialMovingAverage, GoesOnFromWhatWasSaved) {
  torch::nn::Linear straight(2, 2);
  const torch::NoGradGuard no_grad;
  train::ExponentialMovingAverage average(*straight, 0.9);
  straight->weight.fill_(1);
  average.update();

  torch::serialize::OutputArchive out;
  average.save(out);
  std::stringstream stream;
  out.save_to(stream);
  torch::nn::Linear resumed(2, 2);
  train::ExponentialMovingAverage loaded(*resumed, 0.9);
  torch::serialize::InputArchive in;
  in.load_from(stream);
  loaded.load(in);

  for (auto* one : {&average, &loaded}) {
    auto& net = one == &average ? straight : resumed;
    net->weight.fill_(5);
    one->update();
    one->swap();
  }
  EXPECT_TRUE(resumed->weight.equal(straight->weight));
}

TEST(ExponentialMovingAverage, RefusesADecayOutOfRange) {
  torch::nn::Linear layer(2, 2);
  EXPECT_EQ(error_of([&] { train::ExponentialMovingAverage(*layer, 1); }),
            "ExponentialMovingAverage: decay must be between 0 and 1, got 1");
}

}  // namespace
}  // namespace expandnet::testing
