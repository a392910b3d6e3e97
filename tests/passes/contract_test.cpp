#include <expandnet/nn/expanded_conv_transpose.h>
#include <expandnet/nn/expanded_linear.h>
#include <expandnet/passes/contract.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <limits>
#include <memory>
#include <sstream>

#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Conv2dOptions;

ExpandedConv2d expanded_conv(std::int64_t in = 3, std::int64_t out = 4) {
  return ExpandedConv2d(Conv2dOptions(in, out, 3).padding(1));
}

void train_a_little(ExpandedNet& net, const at::Tensor& x) {
  torch::optim::SGD optimizer(net->parameters(), 0.05);
  for (int step = 0; step < 5; ++step) {
    optimizer.zero_grad();
    net(x).square().mean().backward();
    optimizer.step();
  }
  net->eval();
}

class Contract : public ::testing::TestWithParam<Precision> {};

TEST_P(Contract, AfterTrainingEqualsBefore) {
  const auto [dtype, tolerance] = GetParam();
  torch::manual_seed(0);
  ExpandedNet net;
  net->to(dtype);
  const auto x = torch::randn({4, 3, 12, 12}, dtype);
  train_a_little(net, x);
  const auto before = net(x);

  const auto report = contract(*net);

  EXPECT_LE(relative_error(net(x), before), tolerance);
  ASSERT_EQ(report.layers.size(), 3U);
  for (const auto& layer : report.layers) {
    EXPECT_LE(layer.error_fp64, 1e-13);
    EXPECT_LE(layer.error_dtype, tolerance);
  }
}

TEST_P(Contract, LoadsIntoThePlainNetAndBack) {
  const auto [dtype, tolerance] = GetParam();
  torch::manual_seed(0);
  ExpandedNet net;
  net->to(dtype);
  CompactNet plain;
  plain->to(dtype);
  const auto x = torch::randn({4, 3, 12, 12}, dtype);
  train_a_little(net, x);
  contract(*net);
  std::stringstream there;
  std::stringstream back;

  torch::save(net, there);
  torch::load(plain, there);
  plain->eval();
  EXPECT_LE(relative_error(plain(x), net(x)), tolerance);

  for (auto& parameter : plain->parameters()) parameter.data().mul_(1.25);
  torch::save(plain, back);
  torch::load(net, back);
  EXPECT_LE(relative_error(net(x), plain(x)), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Precisions, Contract,
                         ::testing::Values(kDouble, kFloat),
                         [](const auto& test) { return name_of(test.param); });

TEST(ContractKeys, AreThoseOfThePlainNet) {
  ExpandedNet net;
  contract(*net);

  const auto expected = CompactNet()->named_parameters();
  const auto actual = net->named_parameters();
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& entry : expected) {
    ASSERT_TRUE(actual.contains(entry.key())) << entry.key();
    EXPECT_EQ(actual[entry.key()].sizes(), entry.value().sizes());
  }
}

/// A typed member, a Sequential and a ModuleList, two levels deep.
class NestedImpl : public torch::nn::Module {
 public:
  explicit NestedImpl(int depth) {
    member = register_module("member", expanded_conv());
    sequence =
        register_module("sequence", torch::nn::Sequential(expanded_conv(4, 4),
                                                          torch::nn::ReLU(),
                                                          expanded_conv(4, 3)));
    list = register_module("list", torch::nn::ModuleList(expanded_conv(3, 3)));
    if (depth > 0) {
      below = register_module("below", std::make_shared<NestedImpl>(depth - 1));
    }
  }

  torch::Tensor forward(torch::Tensor x) {
    x = sequence->forward(member(x));
    x = list->ptr<ExpandedConv2dImpl>(0)->forward(x);
    return below ? below->forward(x) : x;
  }

  ExpandedConv2d member{nullptr};
  torch::nn::Sequential sequence{nullptr};
  torch::nn::ModuleList list{nullptr};
  std::shared_ptr<NestedImpl> below;
};

TEST(ContractTree, FindsLayersInMembersContainersAndBelow) {
  torch::manual_seed(0);
  NestedImpl net(1);
  const auto x = torch::randn({2, 3, 6, 6});
  const auto before = net.forward(x);

  const auto report = contract(net);

  std::vector<std::string> paths;
  for (const auto& layer : report.layers) paths.push_back(layer.path);
  EXPECT_EQ(paths,
            (std::vector<std::string>{
                "member", "sequence.0", "sequence.2", "list.0", "below.member",
                "below.sequence.0", "below.sequence.2", "below.list.0"}));
  EXPECT_LE(relative_error(net.forward(x), before), 1e-5);
  EXPECT_TRUE(net.below->member->is_contracted());
}

TEST(ContractTree, ContractsASharedLayerOnce) {
  auto shared = expanded_conv(4, 4);
  torch::nn::Sequential net(expanded_conv(), shared, shared);

  const auto report = contract(*net);

  EXPECT_EQ(report.layers.size(), 2U);
  EXPECT_EQ(net->forward(torch::randn({1, 3, 6, 6})).size(1), 4);
}

TEST(ContractTree, TakesASingleLayer) {
  auto conv = expanded_conv();

  EXPECT_EQ(contract(*conv).layers.at(0).path, "");
  EXPECT_TRUE(conv->is_contracted());
}

TEST(ContractTree, LeavesAllOtherParametersAlone) {
  ExpandedNet net;
  const auto weight = net->fc2->weight;

  contract(*net);

  EXPECT_TRUE(net->fc2->weight.is_same(weight));
}

TEST(ContractGeometry, VerifiesEveryKindOfLayer) {
  torch::manual_seed(0);
  const auto stride2 = Conv2dOptions(4, 6, 7).stride(2).padding(3);
  torch::nn::ModuleList layers(
      ExpandedConv1d(torch::nn::Conv1dOptions(4, 6, 5).dilation(3)),
      ExpandedConv2d(stride2), ExpandedConv2d(Conv2dOptions(8, 8, 3).groups(8)),
      ExpandedConv2d(
          Conv2dOptions(2, 2, 5).padding(9).padding_mode(torch::kReflect)),
      ExpandedConv3d(torch::nn::Conv3dOptions(2, 3, 4).padding(torch::kSame)),
      ExpandedConvTranspose2d(
          torch::nn::ConvTranspose2dOptions(4, 2, 4).stride(2).padding(5)),
      ExpandedLinear(7, 3));

  const auto report = contract(*layers);

  ASSERT_EQ(report.layers.size(), 7U);
  for (const auto& layer : report.layers) {
    EXPECT_GT(layer.error_dtype, 0) << layer.path;  // single precision
    EXPECT_LE(layer.error_dtype, 1e-5) << layer.path;
  }
}

TEST(ContractReport, CountsParametersAndMultiplyAdds) {
  auto conv = ExpandedConv2d(Conv2dOptions(3, 8, 7).padding(3), Strategy::kCK);
  static_cast<void>(conv(torch::randn({1, 3, 32, 32})));

  const auto layer = contract(*conv).layers.at(0);

  EXPECT_EQ(layer.strategy, "CK");
  EXPECT_EQ(layer.widths, "3 -> 12 -> 32 -> 8");
  EXPECT_EQ(layer.parameters_before, 6136);
  EXPECT_EQ(layer.parameters_after, 1184);
  EXPECT_EQ(layer.multiply_adds_before,
            36 * 36 * 324 + 34 * 34 * 3456 + 32 * 32 * 2304);
  EXPECT_EQ(layer.multiply_adds_after, 32 * 32 * 1176);
  EXPECT_EQ(layer.dtype, "Float");
}

TEST(ContractReport, PrintsATable) {
  ContractionReport report;
  report.layers = {{"conv", "CK", "3 -> 12 -> 8", 6136, 5000, 1184, 5000, 1000,
                    2.5e-16, 3e-8, "Float"},
                   {"", "FC", "4 -> 2", 12, std::nullopt, 6, std::nullopt,
                    std::nullopt, 0, 0, "Half"}};
  report.already_contracted = 1;

  EXPECT_EQ(report.to_string(),
            "layer    chain                  train params  deploy params  "
            "madds  compact madds  error fp64          error\n"
            "-------  ---------------  ------------------  -------------  "
            "-----  -------------  ----------  -------------\n"
            "conv     CK 3 -> 12 -> 8  6,136 (5,000 kept)          1,184  "
            "5,000          1,000     2.5e-16  3.0e-08 Float\n"
            "(model)  FC 4 -> 2                        12              6  "
            "    -              -     0.0e+00   0.0e+00 Half\n"
            "1 layer was contracted already; nothing to do there\n");
}

TEST(ContractAgain, DoesNothingAndSaysSo) {
  ExpandedNet net;
  contract(*net);
  const auto weight = net->conv1->weight;

  const auto report = contract(*net);

  EXPECT_TRUE(report.layers.empty());
  EXPECT_EQ(report.already_contracted, 3);
  EXPECT_EQ(report.to_string(),
            "3 layers were contracted already; nothing to do there\n");
  EXPECT_TRUE(net->conv1->weight.is_same(weight));
}

TEST(ContractRandomState, IsNotTouched) {
  ExpandedNet net;
  torch::manual_seed(0);
  const auto expected = torch::randn({4});
  torch::manual_seed(0);

  contract(*net);

  EXPECT_TRUE(torch::randn({4}).equal(expected));
}

/// The state of every tensor, with its identity.
std::vector<std::pair<at::Tensor, at::Tensor>> snapshot(
    const torch::nn::Module& model) {
  std::vector<std::pair<at::Tensor, at::Tensor>> state;
  for (const auto& parameter : model.parameters()) {
    state.emplace_back(parameter, parameter.detach().clone());
  }
  return state;
}

void expect_untouched(
    const torch::nn::Module& model,
    const std::vector<std::pair<at::Tensor, at::Tensor>>& before) {
  const auto parameters = model.parameters();
  ASSERT_EQ(parameters.size(), before.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(parameters[i].is_same(before[i].first));
    EXPECT_TRUE(at::equal(parameters[i].isnan(), before[i].second.isnan()));
    EXPECT_TRUE(
        parameters[i].nan_to_num().equal(before[i].second.nan_to_num()));
  }
}

class ContractFailure : public ::testing::Test {
 protected:
  /// The message; the model must be bit for bit as it was.
  std::string error(const VerifyOptions& options = {}) {
    const auto before = snapshot(*net);
    auto message = error_of([&] { contract(*net, options); });
    expect_untouched(*net, before);
    return message;
  }

  ExpandedNet net;
};

TEST_F(ContractFailure, NamesALayerWithNan) {
  net->fc1->chain->factors()[1].weight.data()[0][0] =
      std::numeric_limits<float>::quiet_NaN();

  EXPECT_EQ(error(),
            "contract: factors must be finite, got inf or nan in factor 1 at "
            "\"fc1\"; go back to a checkpoint before the divergence");
}

TEST_F(ContractFailure, NamesAResizedFactor) {
  net->conv2->chain->factors()[0].weight.set_data(torch::ones({9, 4, 1, 1}));

  EXPECT_EQ(error(),
            "contract: factor 0's weight must be [8, 4, 1, 1], got [9, 4, 1, "
            "1] at \"conv2\"; restore its shape");
}

TEST_F(ContractFailure, NamesALayerThatFailsTheCheck) {
  const auto message = error({/*tolerance=*/-1});

  EXPECT_EQ(message.rfind("contract: the compact layer must compute what its "
                          "chain does, got a relative error of ",
                          0),
            0U)
      << message;
  EXPECT_NE(message.find(" (tolerance -1.0e+00) at \"conv1\"; the factors' "
                         "magnitudes may differ too much"),
            std::string::npos)
      << message;
}

TEST(ContractErrors, NameALayerWhoseFoldLeavesTheRangeOfItsDtype) {
  torch::nn::Sequential model(
      torch::nn::Identity(),
      ExpandedLinear(torch::nn::LinearOptions(4, 4).bias(false)));
  model->to(at::kHalf);
  const torch::NoGradGuard no_grad;
  for (auto& factor : model->parameters()) factor.fill_(20);

  EXPECT_EQ(error_of([&] { contract(*model); }),
            "contract: a contracted layer must keep to the range of its dtype, "
            "got inf or nan in Half at \"1\"; convert the model to a wider "
            "dtype");
  model->to(at::kFloat);
  EXPECT_NO_THROW(contract(*model));
}

TEST(ContractErrors, NameALayerWhoseFoldIsTooSmallForItsDtype) {
  torch::nn::Sequential model(
      ExpandedLinear(torch::nn::LinearOptions(4, 4).bias(false)));
  model->to(at::kHalf);
  const torch::NoGradGuard no_grad;
  for (auto& factor : model->parameters()) factor.fill_(0x1p-13);

  EXPECT_EQ(error_of([&] { contract(*model); }),
            "contract: a contracted layer must keep to the range of its dtype, "
            "got numbers of at most 4.7e-10, of which Half loses 1.0e+00 at "
            "\"0\"; convert the model to a wider dtype");
  // Nothing is lost of a layer that is zero.
  for (auto& factor : model->parameters()) factor.fill_(0);
  EXPECT_NO_THROW(contract(*model));
}

TEST(ContractErrors, NameATwin) {
  ExpandedNet twin(Execution::kChained, torch::relu);

  EXPECT_EQ(error_of([&] { contract(*twin); }),
            "contract: only a linear chain contracts, got a nonlinear twin at "
            "\"conv1\"; hand its factors over to a linear chain");
}

TEST(ContractErrors, NameAModelWithoutExpandedLayers) {
  CompactNet plain;

  EXPECT_EQ(error_of([&] { contract(*plain); }),
            "contract: the model must hold an expanded layer, got none; build "
            "it with ExpandedConv2d, ExpandedLinear or their siblings");
}

}  // namespace
}  // namespace expandnet::testing
