#include <expandnet/models/analysis_net.h>
#include <expandnet/models/resnet.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "testing.h"

namespace expandnet::testing {
namespace {

std::int64_t parameters_of(const torch::nn::Module& model) {
  std::int64_t count = 0;
  for (const auto& parameter : model.parameters()) count += parameter.numel();
  return count;
}

TEST(AnalysisNet, HasThePapersParametersAtEveryRate) {
  EXPECT_EQ(parameters_of(*models::AnalysisNet()), 150346);
  for (const auto& [rate, expected] :
       {std::pair<double, std::int64_t>{2, 562954},
        {4, 2171554},
        {8, 8578066}}) {
    models::AnalysisNet net;
    const auto expansion =
        expand(*net, ExpansionOptions(Strategy::kCL).rate(rate));

    EXPECT_EQ(expansion.summary().total().train_parameters, expected);
  }
}

TEST(AnalysisNet, ClassifiesImages) {
  models::AnalysisNet net(7);

  EXPECT_EQ(net(torch::randn({2, 3, 32, 32})).sizes(),
            (std::vector<std::int64_t>{2, 7}));
}

TEST(ResNet18, HasTheKnownParametersAndTorchvisionsKeys) {
  models::ResNet18 net;
  const auto parameters = net->named_parameters();

  EXPECT_EQ(parameters_of(*net), 11173962);
  EXPECT_EQ(parameters.size(), 62U);
  EXPECT_TRUE(parameters.contains("layer1.0.conv1.weight"));
  EXPECT_TRUE(parameters.contains("layer2.0.downsample.1.bias"));
  EXPECT_FALSE(parameters.contains("layer1.0.downsample.0.weight"));
  EXPECT_TRUE(parameters.contains("fc.weight"));
}

TEST(ResNet18, ClassifiesImagesAndLearns) {
  torch::manual_seed(0);
  models::ResNet18 net(4);
  const auto x = torch::randn({2, 3, 32, 32});

  const auto logits = net(x);
  logits.sum().backward();

  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 4}));
  for (const auto& entry : net->named_parameters()) {
    EXPECT_TRUE(entry.value().grad().defined()) << entry.key();
  }
}

}  // namespace
}  // namespace expandnet::testing
