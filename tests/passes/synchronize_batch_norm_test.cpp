#include <expandnet/passes/synchronize_batch_norm.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/instancenorm.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <string>

#include "testing.h"

namespace expandnet::testing {
namespace {

using torch::nn::BatchNorm2d;
using torch::nn::Conv2d;
using torch::nn::Sequential;

/// One process, whose calls are counted.
struct Alone {
  int calls = 0;
  GatherRows gather = [this](const at::Tensor& row) {
    ++calls;
    return row.unsqueeze(0);
  };
};

template <typename Norm>
struct MemberNetImpl : torch::nn::Module {
  MemberNetImpl() {
    conv = register_module("conv", Conv2d(2, 3, 1));
    norm = register_module("norm", Norm(3));
  }
  torch::Tensor forward(const torch::Tensor& x) { return norm(conv(x)); }
  Conv2d conv{nullptr};
  Norm norm{nullptr};
};
class OpenNet : public torch::nn::ModuleHolder<MemberNetImpl<SyncBatchNorm2d>> {
 public:
  using ModuleHolder::ModuleHolder;
};
class ClosedNet : public torch::nn::ModuleHolder<MemberNetImpl<BatchNorm2d>> {
 public:
  using ModuleHolder::ModuleHolder;
};

TEST(SynchronizeBatchNorm, TakesThePlacesInSequentialsWithTheirTensors) {
  torch::manual_seed(0);
  BatchNorm2d shared(3);
  Sequential model(
      Conv2d(2, 3, 1), shared, Conv2d(3, 3, 1), shared,
      torch::nn::InstanceNorm2d(
          torch::nn::InstanceNorm2dOptions(3).track_running_stats(true)));
  const auto x = torch::randn({4, 2, 3, 3});
  const auto before = model->named_parameters();
  const auto buffers = model->named_buffers();
  model->eval();
  const auto evaluated = model->forward(x);

  Alone alone;
  EXPECT_EQ(synchronize_batch_norm(*model, alone.gather), 1U);
  EXPECT_EQ(model->named_parameters().keys(), before.keys());
  EXPECT_EQ(model->named_buffers().keys(), buffers.keys());
  for (const auto& item : model->named_parameters()) {
    EXPECT_TRUE(item.value().is_same(before[item.key()])) << item.key();
  }
  EXPECT_TRUE(model->forward(x).equal(evaluated));
  EXPECT_EQ(alone.calls, 0);
  EXPECT_FALSE(model[1]->is_training());
  EXPECT_EQ(model->ptr(1), model->ptr(3));
  EXPECT_NE(model[1]->as<BatchNorm2d>(), nullptr);

  model->train();
  model->forward(x).sum().backward();
  EXPECT_EQ(alone.calls, 4);
  EXPECT_TRUE(before["1.weight"].grad().defined());
  EXPECT_EQ(synchronize_batch_norm(*model, nullptr), 1U);
  model->forward(x);
  EXPECT_EQ(alone.calls, 4);
}

TEST(SynchronizeBatchNorm, ReachesMembersThatAreMadeForIt) {
  torch::manual_seed(0);
  OpenNet net;
  Alone alone;
  EXPECT_EQ(synchronize_batch_norm(*net, alone.gather), 1U);
  net(torch::randn({2, 2, 3, 3})).sum().backward();
  EXPECT_EQ(alone.calls, 2);
  EXPECT_EQ(synchronize_batch_norm(*Conv2d(2, 3, 1), alone.gather), 0U);
}

TEST(SynchronizeBatchNormErrors, LeaveTheModelAsItWas) {
  Alone alone;
  const auto refusal = [&](torch::nn::Module& model) {
    return error_of([&] { synchronize_batch_norm(model, alone.gather); });
  };
  const std::string rule =
      "synchronize_batch_norm: a BatchNorm must be an expandnet::SyncBatchNorm "
      "or LibTorch's in a Sequential, got ";
  const std::string remedy =
      "; declare it as an expandnet::SyncBatchNorm, or train without "
      "synchronization";
  ClosedNet closed;
  Sequential model(Conv2d(2, 2, 1), BatchNorm2d(2), closed);
  const auto norm = model->ptr(1);
  EXPECT_EQ(refusal(*model),
            rule + "torch::nn::BatchNorm2dImpl at \"2.norm\"" + remedy);
  EXPECT_EQ(model->ptr(1), norm);
  EXPECT_EQ(refusal(*BatchNorm2d(2)),
            rule + "torch::nn::BatchNorm2dImpl" + remedy);

  // As `import_torchscript` makes it.
  torch::nn::Module script("Script");
  const auto part = std::make_shared<torch::nn::Module>("BatchNorm2d");
  part->register_buffer("running_mean", torch::zeros({2}));
  script.register_module("norm", part);
  EXPECT_EQ(refusal(script), rule + "BatchNorm2d at \"norm\"" + remedy);
}

}  // namespace
}  // namespace expandnet::testing
