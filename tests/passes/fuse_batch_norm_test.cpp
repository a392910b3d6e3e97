#include <ATen/core/grad_mode.h>
#include <expandnet/nn/run.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/fuse_batch_norm.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/batchnorm.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "nn/models.h"
#include "random_geometry.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::Sequential;

FixedBatchNorm random_norm(std::int64_t channels,
                           at::ScalarType dtype = at::kDouble) {
  return {torch::randn({channels}, dtype), torch::rand({channels}, dtype) + 0.1,
          torch::randn({channels}, dtype), torch::randn({channels}, dtype),
          1e-3};
}

TEST(FuseBatchNorm, ComputesWhatLayerAndNormDoForEveryGeometry) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto geometry = random_geometry(seed, at::kDouble);
    const auto& plan = geometry.plan;
    const auto folded = fold(plan, geometry.factors);
    const Affine affine{folded.weight, folded.bias};
    auto norm = random_norm(plan.layer.out_channels);
    if (seed % 4 == 0) norm.weight = norm.bias = torch::Tensor();
    const auto& x = geometry.input;

    const auto expected = torch::batch_norm(
        run_compact(plan.layer, affine, x), norm.weight, norm.bias, norm.mean,
        norm.variance, false, 0, norm.epsilon, false);
    auto layer = plan.layer;
    layer.bias = true;
    const auto actual =
        run_compact(layer, fuse_batch_norm(plan.layer, affine, norm), x);
    EXPECT_LE(relative_error(actual, expected), kDouble.tolerance)
        << describe_geometry(geometry);
  }
}

/// Gives every BatchNorm statistics and values of its own.
template <typename Model>
void shake(Model& model) {
  const torch::NoGradGuard no_grad;
  for (auto& item : model.named_buffers()) {
    if (item.value().is_floating_point()) item.value().uniform_(0.5, 2);
  }
  for (auto& item : model.named_parameters()) {
    if (item.value().dim() == 1) item.value().uniform_(-1, 1);
  }
}

/// A Sequential of one layer, its norm and ReLU; an input that fits.
struct NormedLayer {
  std::string name;
  Sequential model;
  std::vector<std::int64_t> input;
};

std::vector<NormedLayer> pairs_of_every_kind() {
  using namespace torch::nn;  // NOLINT(google-build-using-namespace)
  return {
      {"Conv1d",
       Sequential(Conv1d(Conv1dOptions(4, 6, 3).bias(false)), BatchNorm1d(6),
                  ReLU()),
       {2, 4, 9}},
      {"Conv2d",
       Sequential(Conv2d(Conv2dOptions(4, 6, {3, 2}).groups(2).padding(1)),
                  BatchNorm2d(6), ReLU()),
       {2, 4, 9, 8}},
      {"Conv3d",
       Sequential(Conv3d(Conv3dOptions(4, 4, 2).groups(4).bias(false)),
                  BatchNorm3d(4), ReLU()),
       {2, 4, 3, 4, 5}},
      {"ConvTranspose1d",
       Sequential(ConvTranspose1d(ConvTranspose1dOptions(4, 6, 3).stride(2)),
                  BatchNorm1d(6), ReLU()),
       {2, 4, 5}},
      {"ConvTranspose2d",
       Sequential(ConvTranspose2d(
                      ConvTranspose2dOptions(4, 6, 3).groups(2).bias(false)),
                  BatchNorm2d(6), ReLU()),
       {2, 4, 5, 4}},
      {"ConvTranspose3d",
       Sequential(ConvTranspose3d(ConvTranspose3dOptions(4, 8, 2).groups(4)),
                  BatchNorm3d(8), ReLU()),
       {1, 4, 3, 3, 3}},
      {"Linear",
       Sequential(Linear(LinearOptions(5, 7).bias(false)),
                  BatchNorm1d(BatchNormOptions(7).affine(false)), ReLU()),
       {3, 5}}};
}

class FuseBatchNorms : public ::testing::TestWithParam<Precision> {};

TEST_P(FuseBatchNorms, KeepsWhatASequentialOfEveryKindComputes) {
  const auto [dtype, tolerance] = GetParam();
  torch::manual_seed(0);
  for (auto& [name, model, shape] : pairs_of_every_kind()) {
    model->to(dtype);
    shake(*model);
    model->eval();
    const auto x = torch::randn(shape, dtype);
    const auto expected = model->forward(x);

    const auto report = fuse_batch_norms(*model);

    ASSERT_EQ(report.pairs.size(), 1U) << name;
    EXPECT_LE(report.pairs[0].error_fp64, kDouble.tolerance) << name;
    EXPECT_LE(report.pairs[0].error_dtype, tolerance) << name;
    EXPECT_LE(relative_error(model->forward(x), expected), tolerance) << name;
    EXPECT_EQ(model->named_parameters().keys(),
              (std::vector<std::string>{"0.weight", "0.bias"}))
        << name;
    EXPECT_TRUE(model->buffers().empty()) << name;
    EXPECT_FALSE(model->ptr(1)->is_training()) << name;
    // A copy has the bias, too, and trains it.
    const auto copy =
        std::dynamic_pointer_cast<torch::nn::SequentialImpl>(model->clone());
    EXPECT_TRUE(copy->forward(x).equal(model->forward(x))) << name;
    EXPECT_TRUE(model->named_parameters()["0.bias"].requires_grad()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FuseBatchNorms,
                         ::testing::Values(kDouble, kFloat),
                         [](const auto& test) { return name_of(test.param); });

TEST(FuseBatchNorms, FusesNamedPairsOfAContractedModel) {
  torch::manual_seed(0);
  ExpandedNet net;
  shake(*net);
  net->eval();
  contract(*net);
  const auto weight = net->conv2->weight;
  const auto x = torch::randn({4, 3, 12, 12});
  const auto expected = net->forward(x);
  FuseOptions options;
  options.pairs = {{"conv1", "norm1"}, {"conv2", "norm2"}};

  const auto report = fuse_batch_norms(*net, options);

  EXPECT_EQ(report.pairs.size(), 2U);
  EXPECT_LE(relative_error(net->forward(x), expected), kFloat.tolerance);
  EXPECT_TRUE(net->conv2->weight.is_same(weight));
  EXPECT_TRUE(net->conv2->bias.is_same(net->named_parameters()["conv2.bias"]));
  // Nothing is left of the norms but the identity.
  const auto y = torch::randn({2, 4, 3, 3});
  EXPECT_LE(relative_error(net->norm1->forward(y), y), kFloat.tolerance);
  const auto copy =
      std::dynamic_pointer_cast<ExpandedConv2dImpl>(net->conv2->clone());
  const auto z = torch::randn({2, 4, 6, 6});
  EXPECT_TRUE(copy->forward(z).equal(net->conv2->forward(z)));
}

/// A part of the model in a Sequential of its own.
class TwoPartsImpl : public torch::nn::Module {
 public:
  TwoPartsImpl() {
    using namespace torch::nn;  // NOLINT(google-build-using-namespace)
    inner = register_module(
        "inner", Sequential(Conv2d(3, 4, 1), BatchNorm2d(4), BatchNorm2d(4)));
    outer = register_module("outer",
                            Sequential(BatchNorm2d(4), ReLU(), BatchNorm2d(4)));
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return outer->forward(inner->forward(x));
  }
  Sequential inner{nullptr}, outer{nullptr};
};
TORCH_MODULE(TwoParts);

TEST(FuseBatchNorms, LeavesNormsThatFollowNoLayer) {
  torch::manual_seed(0);
  TwoParts model;
  shake(*model);
  model->eval();
  const auto x = torch::randn({2, 3, 4, 4});
  const auto expected = model->forward(x);

  const auto report = fuse_batch_norms(*model);

  ASSERT_EQ(report.pairs.size(), 1U);
  EXPECT_EQ(report.pairs[0].layer, "inner.0");
  EXPECT_EQ(report.pairs[0].norm, "inner.1");
  EXPECT_LE(relative_error(model->forward(x), expected), kFloat.tolerance);
  EXPECT_EQ(report.to_string().substr(0, 5), "layer");
  EXPECT_EQ(model->buffers().size(), 9U);  // of three norms
}

/// The message, after a check that the model is bit for bit as it was.
std::string refusal(torch::nn::Module& model, const FuseOptions& options = {}) {
  std::vector<torch::Tensor> before;
  for (const auto& tensor : model.parameters())
    before.push_back(tensor.clone());
  for (const auto& tensor : model.buffers()) before.push_back(tensor.clone());
  auto message = error_of([&] { fuse_batch_norms(model, options); });
  std::vector<torch::Tensor> after = model.parameters();
  for (const auto& tensor : model.buffers()) after.push_back(tensor);
  EXPECT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(after[i].equal(before[i]) ||
                before[i].isnan().any().item<bool>());
  }
  return message;
}

Sequential small() {
  Sequential model(torch::nn::Conv2d(3, 4, 1), torch::nn::BatchNorm2d(4));
  model->eval();
  return model;
}

TEST(FuseBatchNormsErrors, SayWhatDoesNotFit) {
  using namespace torch::nn;  // NOLINT(google-build-using-namespace)
  const auto named = [](const std::string& layer, const std::string& norm) {
    FuseOptions options;
    options.pairs = {{layer, norm}};
    return options;
  };
  auto model = small();
  model->train();
  EXPECT_EQ(refusal(*model),
            "fuse_batch_norms: a BatchNorm must be in evaluation mode, got "
            "training mode at \"1\"; call eval() on the model");
  model->eval();
  EXPECT_EQ(refusal(*model, named("0", "2")),
            "fuse_batch_norms: a pair must name two modules of the model, got "
            "\"2\"; named_modules() has the paths");
  EXPECT_EQ(refusal(*model, named("1", "0")),
            "fuse_batch_norms: a pair must begin with a convolution or a "
            "Linear, got another module at \"1\"; name the layer, then its "
            "norm");
  EXPECT_EQ(refusal(*model, named("0", "0")),
            "fuse_batch_norms: a pair must end with a BatchNorm1d, 2d or 3d, "
            "got another module at \"0\"; name the layer, then its norm");

  Sequential apart(Conv2d(3, 4, 1), ReLU(), BatchNorm2d(4), BatchNorm2d(5));
  apart->eval();
  EXPECT_EQ(refusal(*apart),
            "fuse_batch_norms: the model must hold a layer that a BatchNorm "
            "follows, got none; name pairs that are not in a Sequential");
  EXPECT_EQ(refusal(*apart, named("0", "3")),
            "fuse_batch_norms: a BatchNorm must take the output of its layer, "
            "got 5 channels in 2-d for 4 in 2-d of \"0\" at \"3\"");
  auto twice = named("0", "2");
  twice.pairs.emplace_back("0", "2");
  EXPECT_EQ(error_of([&] { fuse_batch_norms(*apart, twice); }), "");

  Sequential statless(
      Conv2d(3, 4, 1),
      BatchNorm2d(BatchNormOptions(4).track_running_stats(false)));
  statless->eval();
  EXPECT_EQ(refusal(*statless),
            "fuse_batch_norms: a BatchNorm must keep running statistics, got "
            "none at \"1\"; build it with track_running_stats");
  Sequential expanded(ExpandedConv2d(Conv2dOptions(3, 4, 3)), BatchNorm2d(4));
  expanded->eval();
  EXPECT_EQ(refusal(*expanded),
            "fuse_batch_norms: a layer must be compact, got an expanded one at "
            "\"0\"; contract() the model before");
}

TEST(FuseBatchNormsErrors, NameModulesWithSeveralPlaces) {
  using namespace torch::nn;  // NOLINT(google-build-using-namespace)
  const Conv2d conv(4, 4, 1);
  Sequential shared(conv, BatchNorm2d(4), conv);
  shared->eval();
  EXPECT_EQ(refusal(*shared),
            "fuse_batch_norms: a module must have one place in the model, got "
            "several, or shared parameters at \"0\"; clone() it for each of "
            "them");
  Sequential two(Conv2d(4, 4, 1), BatchNorm2d(4), Conv2d(4, 4, 1));
  two->eval();
  FuseOptions crossed;
  crossed.pairs = {{"2", "1"}};
  EXPECT_EQ(refusal(*two, crossed),
            "fuse_batch_norms: a BatchNorm must be in one pair, got two at "
            "\"1\"; it must take the output of one layer");
}

TEST(FuseBatchNormsErrors, NameALayerThatLeavesTheRangeOfItsDtype) {
  Sequential model(torch::nn::Linear(2, 2), torch::nn::BatchNorm1d(2));
  model->eval();
  const torch::NoGradGuard no_grad;
  for (auto& parameter : model->parameters()) parameter.fill_(300);
  model->to(at::kHalf);

  EXPECT_EQ(error_of([&] { fuse_batch_norms(*model); }),
            "fuse_batch_norms: a fused layer must keep to the range of its "
            "dtype, got inf or nan in Half at \"0\"; convert the model to a "
            "wider dtype");
  for (auto& parameter : model->parameters()) parameter.fill_(0x1p-14);
  EXPECT_EQ(error_of([&] { fuse_batch_norms(*model); }),
            "fuse_batch_norms: a fused layer must keep to the range of its "
            "dtype, got numbers of at most 6.1e-05, of which Half loses "
            "1.0e+00 at \"0\"; convert the model to a wider dtype");
}

TEST(FuseBatchNormsErrors, NameNumbersThatAreNone) {
  const torch::NoGradGuard no_grad;
  auto model = small();
  auto norm =
      std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(model->ptr(1));
  norm->running_mean[2] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal(*model),
            "fuse_batch_norm: a BatchNorm must hold finite numbers, got inf or "
            "nan in its mean; go back to a checkpoint before the divergence");
  norm->running_mean.zero_();
  norm->running_var[1] = -0.25;
  EXPECT_EQ(refusal(*model),
            "fuse_batch_norm: variance + epsilon must be positive, and no "
            "variance negative, got -0.250000 + 0.000010");
  norm->running_var.fill_(1);
  model->ptr<torch::nn::Conv2dImpl>(0)->weight.fill_(std::nan(""));
  EXPECT_EQ(refusal(*model),
            "fuse_batch_norm: a layer must hold finite numbers, got inf or "
            "nan in its weight; go back to a checkpoint before the "
            "divergence");
}

}  // namespace
}  // namespace expandnet::testing
