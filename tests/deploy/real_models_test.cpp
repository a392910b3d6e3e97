// Models that others have written in Python: in, trained, and back.
#include <ATen/core/grad_mode.h>
#include <expandnet/deploy/imported_script.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>

#include "files.h"
#include "python.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// What Python computes, and so do we, in fp32.
constexpr double kSameLogits = 1e-5;

/// FC and CL, which keep every weight; CK takes long to find that it cannot.
Selector exact_selector(torch::nn::Module& net) {
  ExpansionOptions options;
  options.rate(1).initial_values(InitialValues::kPreserving);
  return [linear = default_selector(net, options.strategy(Strategy::kFC)),
          spatial = default_selector(net, options.strategy(Strategy::kCL))](
             const std::string& path, const torch::nn::Module& layer) {
    const auto chosen = linear(path, layer);
    return chosen ? chosen : spatial(path, layer);
  };
}

/// "timm/resnet18"
class RealModels : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    const auto modules = "torch, " + name.substr(0, name.find('/'));
    if (!python_has(modules)) GTEST_SKIP() << python_lacks(modules);
    ASSERT_TRUE(run_script("write"));
    torch::manual_seed(0);
  }
  [[nodiscard]] bool run_script(const std::string& verb) const {
    const std::string script = EXPANDNET_TESTS "/deploy/python_real_models.py";
    return run_python({script, verb, GetParam(), folder_ / ""});
  }

  ScratchFolder folder_;
};

TEST_P(RealModels, TrainAndReturnToPython) {
  auto net = import_torchscript(folder_ / "net.pt");
  at::Tensor x, y;
  for (const auto& [key, tensor] : read_weights(folder_ / "xy.pt").tensors) {
    (key == "x" ? x : y) = tensor;
  }
  const auto logits = [&] {
    const at::NoGradGuard no_grad;
    net->eval();
    return net->forward(x);
  };
  EXPECT_LE(relative_error(logits(), y), kSameLogits);

  auto expansion = expand(*net, exact_selector(*net));
  RecordProperty("layers", static_cast<int>(expansion.size()));
  EXPECT_LE(relative_error(logits(), y), kSameLogits);

  torch::optim::SGD optimizer(expansion.parameters(), 1e-3);
  const auto target = torch::arange(x.size(0));
  net->train();
  for (int step = 0; step < 3; ++step) {
    expansion.zero_grad();
    torch::nn::functional::cross_entropy(net->forward(x), target).backward();
    expansion.step(optimizer);
  }
  expansion.contract();
  const auto trained = logits();
  EXPECT_TRUE(trained.isfinite().all().item<bool>());
  EXPECT_GT(relative_error(trained, y), 10 * kSameLogits);

  export_torchscript(net, x, folder_ / "out.pt");
  write_pytorch({{{"x", x}, {"y", trained}}, {}}, folder_ / "out.pth");
  EXPECT_TRUE(run_script("check"));
}

INSTANTIATE_TEST_SUITE_P(Timm, RealModels,
                         ::testing::Values("timm/convnext_atto",
                                           "timm/vit_tiny_patch16_224"));
INSTANTIATE_TEST_SUITE_P(Torchvision, RealModels,
                         ::testing::Values("torchvision/resnet18",
                                           "torchvision/mobilenet_v3_small"));

}  // namespace
}  // namespace expandnet::testing
