#include <ATen/core/grad_mode.h>
#include <ATen/ops/fake_quantize_per_channel_affine.h>
#include <ATen/ops/fake_quantize_per_tensor_affine.h>
#include <expandnet/deploy/fake_int8.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/small_net.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "testing.h"

namespace expandnet::testing {
namespace {

/// A convolution, BatchNorm, ReLU and a linear layer.
struct NetImpl : torch::nn::Module {
  NetImpl() {
    register_module("conv", conv);
    register_module("norm", norm);
    register_module("fc", fc);
    const torch::NoGradGuard no_grad;
    norm->weight.uniform_(0.5, 2);
    norm->bias.normal_();
    norm->running_mean.normal_();
    norm->running_var.uniform_(0.2, 3);
  }
  at::Tensor forward(const at::Tensor& x) {
    return fc(norm(conv(x)).relu_().flatten(1));
  }
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(3, 5, 3).stride(2)};
  torch::nn::BatchNorm2d norm{5};
  torch::nn::Linear fc{5 * 3 * 3, 4};
};
TORCH_MODULE(Net);

/// What LibTorch's kernel makes of a weight.
at::Tensor by_kernel(const at::Tensor& weight, Int8Steps steps) {
  if (steps == Int8Steps::kPerTensor) {
    const auto step = weight.abs().max().item<float>() / 127;
    return at::fake_quantize_per_tensor_affine(weight, step, 0, -127, 127);
  }
  const auto step = weight.abs().flatten(1).amax(1) / 127;
  return at::fake_quantize_per_channel_affine(
      weight, step, at::zeros({weight.size(0)}, at::kInt), 0, -127, 127);
}

/// A batch's own range, which holds 0, in 256 values.
at::Tensor by_kernel(const at::Tensor& x) {
  const auto low = std::min(0.0, x.min().item<double>());
  const auto high = std::max(0.0, x.max().item<double>());
  const auto step = (high - low) / 255;
  return at::fake_quantize_per_tensor_affine(x, step, std::llrint(-low / step),
                                             0, 255);
}

class FakeInt8Of : public ::testing::TestWithParam<Int8Steps> {};

TEST_P(FakeInt8Of, RoundsWeightsAsLibTorchDoes) {
  torch::manual_seed(0);
  auto weight = torch::randn({7, 4, 3, 3});
  weight[2] *= 100;
  EXPECT_TRUE(
      round_to_int8(weight, GetParam()).equal(by_kernel(weight, GetParam())));
  // Again it changes nothing, but for the rounding of the step.
  const auto once = round_to_int8(weight, GetParam());
  EXPECT_LE(relative_error(round_to_int8(once, GetParam()), once), 1e-6);
  const auto zeros = torch::zeros({2, 3});
  EXPECT_TRUE(round_to_int8(zeros, GetParam()).equal(zeros));
}

TEST_P(FakeInt8Of, ComputesWhatIsWrittenOut) {
  torch::manual_seed(1);
  const at::NoGradGuard no_grad;
  Net net;
  net->eval();
  const auto x = torch::randn({6, 3, 8, 8});

  FakeInt8 int8(
      *net, [&](const at::Tensor& images) { return net->forward(images); },
      x.slice(0, 0, 1), GetParam());
  int8.observe(x);
  const auto actual = int8.forward(x);

  // The BatchNorm is part of the convolution.
  const auto scale = net->norm->weight /
                     (net->norm->running_var + net->norm->options.eps()).sqrt();
  const auto weight = net->conv->weight * scale.view({-1, 1, 1, 1});
  const auto bias =
      (net->conv->bias - net->norm->running_mean) * scale + net->norm->bias;
  const auto features = [&](const at::Tensor& input, const at::Tensor& kernel) {
    return at::conv2d(input, kernel, bias, 2).relu().flatten(1);
  };
  const auto seen = features(x, weight);  // by the ranges of floats
  const auto low = 0.0, high = seen.max().item<double>();
  const auto step = (high - low) / 255;
  const auto hidden = at::fake_quantize_per_tensor_affine(
      features(by_kernel(x), by_kernel(weight, GetParam())), step, 0, 0, 255);
  const auto expected =
      at::linear(hidden, by_kernel(net->fc->weight, GetParam()), net->fc->bias);

  // A value may fall to the other side of a half: a step of a few of them.
  EXPECT_LE(relative_error(actual, expected), 0.02);
  EXPECT_GT(relative_error(actual, net->forward(x)), 1e-4);
  EXPECT_EQ(int8.size(), 2U);
  // The net is as it was.
  EXPECT_TRUE(net->conv->weight.requires_grad());
}

TEST_P(FakeInt8Of, TakesNetsAsTheyAre) {
  torch::manual_seed(2);
  const at::NoGradGuard no_grad;
  models::SmallNet small;
  models::MobileNetV2 mobile(
      models::MobileNetV2Options().classes(10).small_images(true));
  const auto x = torch::randn({4, 3, 32, 32});
  const auto check = [&](auto& net, std::size_t layers) {
    net->train();
    for (int i = 0; i < 3; ++i) (void)net->forward(x);
    net->eval();
    FakeInt8 int8(
        *net, [&](const at::Tensor& images) { return net->forward(images); }, x,
        GetParam());
    EXPECT_EQ(int8.size(), layers);
    int8.observe(x);
    EXPECT_EQ(int8.forward(x.slice(0, 0, 3)).sizes(),
              (std::vector<std::int64_t>{3, 10}));
  };
  check(small, 5);
  check(mobile, 53);
}

INSTANTIATE_TEST_SUITE_P(
    Steps, FakeInt8Of,
    ::testing::Values(Int8Steps::kPerTensor, Int8Steps::kPerChannel),
    [](const auto& steps) {
      return std::string(steps.param == Int8Steps::kPerTensor ? "PerTensor"
                                                              : "PerChannel");
    });

TEST(FakeInt8, KeepsMoreOfUnevenChannelsWithAStepForEach) {
  torch::manual_seed(3);
  auto weight = torch::randn({8, 16});
  for (int c = 0; c < 8; ++c) weight[c] *= std::pow(4, c);
  const auto error = [&](Int8Steps steps) {
    const auto difference = round_to_int8(weight, steps) - weight;
    return (difference.norm(2, 1) / weight.norm(2, 1)).max().item<double>();
  };
  EXPECT_LE(error(Int8Steps::kPerChannel), 0.02);
  EXPECT_GE(error(Int8Steps::kPerTensor), 0.5);
}

/// A transposed convolution, whose weight is [in, out / groups, ...].
TEST(FakeInt8, HasAStepForEachOutputOfATransposedConvolution) {
  torch::manual_seed(4);
  const at::NoGradGuard no_grad;
  for (const std::int64_t groups : {1, 2}) {
    torch::nn::ConvTranspose2d conv(
        torch::nn::ConvTranspose2dOptions(4, 6, 3).groups(groups).bias(false));
    // Output o is 10^-o times as large as the first.
    auto by_output = conv->weight.view({groups, 4 / groups, 6 / groups, 9});
    for (std::int64_t o = 0; o < 6; ++o) {
      by_output[o / (6 / groups)].select(1, o % (6 / groups)) *=
          std::pow(10.0, -o);
    }
    conv->eval();
    const auto x = torch::randn({2, 4, 5, 5});
    FakeInt8 int8(
        *conv, [&](const at::Tensor& images) { return conv->forward(images); },
        x, Int8Steps::kPerChannel);
    int8.observe(x);
    const auto expected = conv->forward(x), actual = int8.forward(x);
    for (std::int64_t o = 0; o < 6; ++o) {
      EXPECT_LE(relative_error(actual.select(1, o), expected.select(1, o)),
                0.02)
          << "output " << o << " of " << groups << " groups";
    }
  }
}

TEST(FakeInt8Errors, SayWhatIsMissing) {
  Net net;
  const auto forward = [&](const at::Tensor& x) { return net->forward(x); };
  const auto x = torch::randn({2, 3, 8, 8});
  const auto make = [&] {
    return FakeInt8(*net, forward, x, Int8Steps::kPerTensor);
  };
  EXPECT_EQ(error_of([&] { (void)make(); }),
            "FakeInt8: the model must be in evaluation mode, got training "
            "mode; call eval() on it");
  net->eval();
  auto int8 = make();
  EXPECT_EQ(error_of([&] { (void)int8.forward(x); }),
            "FakeInt8: the ranges of the inputs must be known, got no batch; "
            "observe() some before");
  EXPECT_EQ(error_of([&] { int8.observe(x / 0); }),
            "FakeInt8: inputs of layers must be finite, got inf or nan");
  auto other = make();
  other.observe(x);
  (void)other.forward(x);
  EXPECT_EQ(error_of([&] { other.observe(x); }),
            "FakeInt8: batches are observed before the first forward, got one "
            "after it");
}

}  // namespace
}  // namespace expandnet::testing
