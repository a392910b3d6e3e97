#include "models/imagenet_nets.h"

#include <ATen/core/grad_mode.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>

#include "testing.h"

namespace expandnet::testing {
namespace {

using models::MobileNetV1;
using models::MobileNetV1Options;
using models::MobileNetV2;
using models::MobileNetV2Options;
using models::ShuffleNetV2;
using models::ShuffleNetV2Options;

/// torchvision's state, a line for each tensor, sorted.
std::vector<std::string> torchvisions_state(const std::string& net) {
  std::ifstream file(EXPANDNET_TESTS "/models/" + net + ".keys");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// What `lines` hold and `others` do not.
std::vector<std::string> missing_from(const std::vector<std::string>& others,
                                      const std::vector<std::string>& lines) {
  std::vector<std::string> difference;
  std::set_difference(lines.begin(), lines.end(), others.begin(), others.end(),
                      std::back_inserter(difference));
  return difference;
}

/// Root mean square of a parameter of `net`.
double spread_of(const torch::nn::Module& net, const std::string& key) {
  return net.named_parameters()[key].square().mean().sqrt().item<double>();
}

class ImageNetNets : public ::testing::TestWithParam<ImageNetNet> {};

TEST_P(ImageNetNets, HaveTheKnownNumberOfParameters) {
  EXPECT_EQ(numbers_in(*GetParam().make(1000).module), GetParam().parameters);
}

TEST_P(ImageNetNets, MapImagesOfAnySizeToLogits) {
  const at::NoGradGuard no_grad;
  const auto net = GetParam().make(7);
  net.module->eval();

  for (const auto& [height, width] :
       {std::pair<std::int64_t, std::int64_t>{224, 224}, {96, 161}, {32, 32}}) {
    const torch::Tensor logits =
        net.forward(torch::randn({2, 3, height, width}));

    EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 7}));
  }
}

TEST_P(ImageNetNets, GiveEveryParameterAGradient) {
  torch::manual_seed(0);
  const auto net = GetParam().make(4);
  const auto images = torch::randn({4, 3, 32, 32});
  const auto copy = images.clone();

  net.forward(images).one().square().sum().backward();

  EXPECT_TRUE(torch::equal(images, copy));
  for (const auto& entry : net.module->named_parameters()) {
    EXPECT_TRUE(entry.value().grad().defined()) << entry.key();
  }
}

INSTANTIATE_TEST_SUITE_P(All, ImageNetNets,
                         ::testing::ValuesIn(imagenet_nets()),
                         [](const auto& net) { return name_of(net.param); });

TEST(MobileNetV1, HasTheKeysInWideUse) {
  const auto state = state_of(*MobileNetV1());

  // Per BatchNorm five tensors, per convolution one, two of the classifier.
  EXPECT_EQ(state.size(), 27U * 6 + 2);
  EXPECT_EQ(
      missing_from(
          state,
          {"fc.weight 1000 1024", "model.0.0.weight 32 3 3 3",
           "model.0.1.running_var 32", "model.1.0.weight 32 1 3 3",
           "model.1.1.weight 32", "model.1.3.weight 64 32 1 1",
           "model.1.4.num_batches_tracked", "model.12.3.weight 1024 512 1 1",
           "model.13.0.weight 1024 1 3 3", "model.13.3.weight 1024 1024 1 1"}),
      std::vector<std::string>());
}

TEST(MobileNetV1, HalvesTheImageFiveTimes) {
  const at::NoGradGuard no_grad;
  MobileNetV1 net;
  net->eval();

  EXPECT_EQ(net->model->forward(torch::randn({1, 3, 224, 224})).sizes(),
            (std::vector<std::int64_t>{1, 1024, 7, 7}));
}

TEST(MobileNetV1, HasTheKnownParametersAtOtherWidths) {
  const auto parameters = [](double width) {
    return numbers_in(*MobileNetV1(MobileNetV1Options().width(width)));
  };

  EXPECT_EQ(parameters(0.25), 470'072);
  EXPECT_EQ(parameters(0.5), 1'331'592);
  EXPECT_EQ(parameters(0.75), 2'585'560);
}

TEST(MobileNetV1, ClonesItsLayers) {
  torch::manual_seed(0);
  MobileNetV1 net(MobileNetV1Options().width(0.25));
  net->eval();
  const auto images = torch::randn({2, 3, 32, 32});

  const auto copy =
      std::dynamic_pointer_cast<torch::nn::SequentialImpl>(net->model->clone());

  EXPECT_TRUE(torch::equal(copy->forward(images), net->model->forward(images)));
  EXPECT_NE(copy->parameters()[0].data_ptr(),
            net->model->parameters()[0].data_ptr());
}

TEST(MobileNetV2, HasTorchvisionsState) {
  const auto expected = torchvisions_state("mobilenet_v2");
  const auto state = state_of(*MobileNetV2());

  EXPECT_EQ(expected.size(), 314U);
  EXPECT_EQ(missing_from(state, expected), std::vector<std::string>());
  EXPECT_EQ(missing_from(expected, state), std::vector<std::string>());
}

TEST(MobileNetV2, HasTorchvisionsParametersAtOtherWidths) {
  const auto parameters = [](double width) {
    return numbers_in(*MobileNetV2(MobileNetV2Options().width(width)));
  };

  EXPECT_EQ(parameters(0.35), 1'677'128);
  EXPECT_EQ(parameters(0.5), 1'968'680);
  EXPECT_EQ(parameters(0.75), 2'636'424);
  EXPECT_EQ(parameters(1.4), 6'108'776);
}

TEST(MobileNetV2, DropsFeaturesInTrainingOnly) {
  torch::manual_seed(0);
  const auto images = torch::randn({4, 3, 32, 32});
  MobileNetV2 net;
  MobileNetV2 without(MobileNetV2Options().dropout(0));

  EXPECT_FALSE(torch::equal(net(images), net(images)));
  EXPECT_TRUE(torch::equal(without(images), without(images)));
  net->eval();
  EXPECT_TRUE(torch::equal(net(images), net(images)));
}

TEST(MobileNetV2, DrawsTorchvisionsInitialValues) {
  torch::manual_seed(0);
  const MobileNetV2 net;

  // Of thousands of numbers: their spread is known to 2 %.
  const double few = 0.02;
  EXPECT_NEAR(
      spread_of(*net, "features.17.conv.1.0.weight") / std::sqrt(2. / 8640), 1,
      few);
  EXPECT_NEAR(spread_of(*net, "features.18.0.weight") / std::sqrt(2. / 1280), 1,
              few);
  EXPECT_NEAR(spread_of(*net, "classifier.1.weight") / 0.01, 1, few);
  EXPECT_EQ(spread_of(*net, "classifier.1.bias"), 0);
}

TEST(ShuffleNetV2, HasTorchvisionsState) {
  const auto expected = torchvisions_state("shufflenet_v2_x0_5");
  const auto state = state_of(*ShuffleNetV2());

  EXPECT_EQ(expected.size(), 338U);
  EXPECT_EQ(missing_from(state, expected), std::vector<std::string>());
  EXPECT_EQ(missing_from(expected, state), std::vector<std::string>());
}

TEST(ShuffleNetV2, HasTorchvisionsParametersAtOtherWidths) {
  const auto parameters = [](double width) {
    return numbers_in(*ShuffleNetV2(ShuffleNetV2Options().width(width)));
  };

  EXPECT_EQ(parameters(1), 2'278'604);
  EXPECT_EQ(parameters(1.5), 3'503'624);
  EXPECT_EQ(parameters(2), 7'393'996);
}

/// The same net with and without strides for small images.
template <typename Net, typename Options>
std::pair<Net, Net> large_and_small() {
  return {Net(Options().classes(10)),
          Net(Options().classes(10).small_images(true))};
}

/// Whether both have the same keys and shapes, and the small one tells images
/// of 32x32 apart.
template <typename Net>
void expect_same_but_for_strides(const std::pair<Net, Net>& nets) {
  auto [large, small] = nets;
  EXPECT_EQ(state_of(*small), state_of(*large));
  const at::NoGradGuard no_grad;
  EXPECT_EQ(small(torch::randn({2, 3, 32, 32})).sizes(),
            (std::vector<std::int64_t>{2, 10}));
}

TEST(SmallImages, KeepFourPixelsOrSixteen) {
  const at::NoGradGuard no_grad;
  const auto x = torch::randn({2, 3, 32, 32});
  auto v1 = large_and_small<MobileNetV1, models::MobileNetV1Options>();
  expect_same_but_for_strides(v1);
  EXPECT_EQ(v1.second->model->forward(x).size(3), 2);
  auto v2 = large_and_small<MobileNetV2, models::MobileNetV2Options>();
  expect_same_but_for_strides(v2);
  EXPECT_EQ(v2.second->features->forward(x).size(3), 4);
  auto shuffle = large_and_small<ShuffleNetV2, models::ShuffleNetV2Options>();
  expect_same_but_for_strides(shuffle);
  EXPECT_EQ(shuffle.second->stage4
                ->forward(shuffle.second->stage3->forward(
                    shuffle.second->stage2->forward(
                        shuffle.second->conv1->forward(x))))
                .size(3),
            4);
}

TEST(ImageNetNetErrors, NameTheWidth) {
  EXPECT_EQ(error_of([] { MobileNetV1(MobileNetV1Options().width(0)); }),
            "MobileNetV1: width must be positive, got 0");
  EXPECT_EQ(error_of([] { MobileNetV2(MobileNetV2Options().width(-1)); }),
            "MobileNetV2: width must be positive, got -1");
  EXPECT_EQ(error_of([] { ShuffleNetV2(ShuffleNetV2Options().width(0.75)); }),
            "ShuffleNetV2: width must be one of 0.5, 1, 1.5, 2, got 0.75");
}

}  // namespace
}  // namespace expandnet::testing
