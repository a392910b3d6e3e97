#include <expandnet/deploy/torchscript.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/models/unet.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/fuse_batch_norm.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

/// Every kind of state: parameters, buffers, children in a Sequential, a layer
/// that is used twice.
class ScriptedNetImpl : public torch::nn::Module {
 public:
  explicit ScriptedNetImpl(bool reads_sizes = false)
      : reads_sizes_(reads_sizes) {
    using namespace torch::nn;  // NOLINT(google-build-using-namespace)
    features = register_module(
        "features",
        Sequential(ExpandedConv2d(Conv2dOptions(3, 8, 3).bias(false),
                                  ExpansionOptions(Strategy::kCL).rate(2)),
                   BatchNorm2d(8), Dropout(0.5)));
    mix = register_module("mix", Conv2d(8, 8, 1));
    again = register_module("again", mix);
    scale = register_parameter("scale", torch::rand({8, 1, 1}) + 0.5);
    classifier = register_module("classifier", Linear(8, 5));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = features->forward(x).relu_();
    x = again(mix(x) * scale);
    if (reads_sizes_) x = x.view({x.size(0), 8, -1}).unsqueeze(-1);
    return classifier(x.mean({2, 3}));
  }

  torch::nn::Sequential features{nullptr};
  torch::nn::Conv2d mix{nullptr}, again{nullptr};
  torch::nn::Linear classifier{nullptr};
  torch::Tensor scale;

 private:
  bool reads_sizes_;
};
TORCH_MODULE(ScriptedNet);

class TorchScript : public ::testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(0);
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  static ScriptedNet deployed(bool reads_sizes = false) {
    ScriptedNet net(reads_sizes);
    net->eval();
    contract(*net);
    return net;
  }

  const std::string path_ = ::testing::TempDir() + "expandnet_scripted.pt";
  const torch::Tensor example_ = torch::randn({2, 3, 9, 9});
};

TEST_F(TorchScript, RunsWithoutTheModelsCode) {
  for (const bool fused : {false, true}) {
    auto net = deployed();
    if (fused) fuse_batch_norms(*net);

    const auto report = export_torchscript(net, example_, path_);

    EXPECT_LE(report.error, kFloat.tolerance);
    EXPECT_LE(report.error_of_other_batch, kFloat.tolerance);
    auto loaded = torch::jit::load(path_);
    const auto other = torch::randn({7, 3, 12, 10});  // another size, too
    EXPECT_LE(
        relative_error(loaded.forward({other}).toTensor(), net->forward(other)),
        kFloat.tolerance);
    std::vector<std::string> keys, expected = net->named_parameters().keys();
    for (const auto& item : loaded.named_parameters())
      keys.push_back(item.name);
    std::sort(keys.begin(), keys.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(keys, expected);
    for (const auto& item : loaded.named_buffers()) {
      EXPECT_TRUE(item.value.equal(net->named_buffers()[item.name]))
          << item.name;
    }
  }
}

TEST_F(TorchScript, TakesTheNetsOfThisLibrary) {
  const auto example = torch::randn({1, 3, 64, 64});
  const auto error_of_export = [&](auto net) {
    net->eval();
    const auto report = export_torchscript(net, example, path_);
    return std::max(report.error, report.error_of_other_batch);
  };
  EXPECT_LE(error_of_export(models::ShuffleNetV2()), kFloat.tolerance);
  EXPECT_LE(error_of_export(models::MobileNetV2()), kFloat.tolerance);
}

TEST_F(TorchScript, OfAUNetTakesImagesOfOtherSizes) {
  for (const auto up_sampling :
       {models::UpSampling::kTransposed, models::UpSampling::kBilinear}) {
    models::UNet net(
        models::UNetOptions().classes(3).width(2).up_sampling(up_sampling));
    net->eval();
    export_torchscript(net, torch::randn({1, 3, 32, 32}), path_);
    const auto other = torch::randn({2, 3, 48, 80});
    EXPECT_LE(
        relative_error(torch::jit::load(path_).forward({other}).toTensor(),
                       net->forward(other)),
        kFloat.tolerance);
  }
}

TEST_F(TorchScript, ReportsATraceThatFrozeASize) {
  auto net = deployed(/*reads_sizes=*/true);
  EXPECT_EQ(error_of([&] { export_torchscript(net, example_, path_); }),
            "export_torchscript: the file must compute what the model does, "
            "got an error for inputs [3, 3, 9, 9]; its trace has fixed sizes "
            "that forward() reads as numbers; use flatten, unflatten and -1 "
            "there, or set any_batch_size to false");
  EXPECT_EQ(error_of([&] {
              export_torchscript(
                  *net,
                  [](const at::Tensor& x) { return x.narrow(0, 0, x.size(0)); },
                  torch::ones({4, 2}), path_);
            }),
            "export_torchscript: the file must compute what the model does, "
            "got outputs [4, 2] instead of [5, 2] for inputs [5, 2]; its trace "
            "has fixed sizes that forward() reads as numbers; use flatten, "
            "unflatten and -1 there, or set any_batch_size to false");
  EXPECT_FALSE(std::filesystem::exists(path_));

  TorchScriptOptions options;
  options.any_batch_size = false;
  EXPECT_LE(export_torchscript(net, example_, path_, options).error,
            kFloat.tolerance);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(TorchScript, RefusesModelsThatAreNotForDeployment) {
  std::ofstream(path_) << "old";
  ScriptedNet net;
  EXPECT_EQ(error_of([&] { export_torchscript(net, example_, path_); }),
            "export_torchscript: the model must be in evaluation mode, got "
            "training mode; call eval() on it");
  net->eval();
  EXPECT_EQ(error_of([&] { export_torchscript(net, example_, path_); }),
            "export_torchscript: the model must be compact, got an expanded "
            "layer at \"features.0\"; contract() it before");
  contract(*net);
  EXPECT_EQ(error_of([&] { export_torchscript(net, {}, path_); }),
            "export_torchscript: the example must be a batch [N, ...], got an "
            "undefined tensor");
  EXPECT_EQ(
      error_of(
          [&] { export_torchscript(net, example_.slice(0, 0, 0), path_); }),
      "export_torchscript: the example must be a batch [N, ...], got [0, 3, 9, "
      "9]");
  double calls = 0;
  EXPECT_EQ(error_of([&] {
              export_torchscript(
                  *net, [&](const at::Tensor& x) { return x * ++calls; },
                  torch::ones({1, 2}), path_);
            }),
            "export_torchscript: the file must compute what the model does, "
            "got a relative error of 5.0e-01 (tolerance 1.0e-05) for inputs "
            "[1, 2]; forward() must not depend on anything but its input");
  std::string left;
  std::ifstream(path_) >> left;
  EXPECT_EQ(left, "old");
}

}  // namespace
}  // namespace expandnet::testing
