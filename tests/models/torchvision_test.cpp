// The networks compute what Python's do. Python reads the state that LibTorch
// saves, so both have the same weights.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "models/imagenet_nets.h"
#include "python.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// A folder that goes with its test.
class Scratch {
 public:
  explicit Scratch(const std::string& name)
      : folder_(::testing::TempDir() + "expandnet_torchvision_" + name) {
    std::filesystem::create_directories(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_;
};

/// A tensor that Python's `torch.save` wrote.
torch::Tensor tensor_from_python(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return torch::pickle_load({std::istreambuf_iterator<char>(file), {}})
      .toTensor();
}

/// Draws affine maps for all BatchNorms, and has them take the statistics of
/// one batch: none of their tensors is trivial, and activations keep their
/// scale through the net.
void settle_norms(const train::Model& net) {
  const at::NoGradGuard no_grad;
  for (const auto& module : net.module->modules()) {
    auto* norm = module->as<torch::nn::BatchNorm2d>();
    if (norm == nullptr) continue;
    norm->weight.uniform_(0.5, 1.5);
    norm->bias.normal_(0, 0.5);
    norm->options.momentum(1);
  }
  net.module->train();
  (void)net.forward(torch::randn({8, 3, 64, 64}));
  net.module->eval();
}

class InPython : public ::testing::TestWithParam<ImageNetNet> {};

TEST_P(InPython, ComputesTheSame) {
  const std::string module = "torchvision";
  if (!python_has(module)) GTEST_SKIP() << python_lacks(module);
  torch::manual_seed(0);
  const at::NoGradGuard no_grad;
  const Scratch scratch(GetParam().name);
  const auto net = GetParam().make(1000);
  settle_norms(net);
  const auto images = torch::randn({2, 3, 224, 224});
  torch::save(net.module, scratch.path("state"));
  torch::save(images, scratch.path("images"));

  const std::string script = EXPANDNET_TESTS "/models/python_logits.py";
  ASSERT_TRUE(run_python({script, GetParam().name, scratch.path("state"),
                          scratch.path("images"), scratch.path("logits")}));

  EXPECT_LE(relative_error(net.forward(images),
                           tensor_from_python(scratch.path("logits"))),
            kFloat.tolerance);
}

INSTANTIATE_TEST_SUITE_P(ImageNet, InPython,
                         ::testing::ValuesIn(imagenet_nets()),
                         [](const auto& net) { return name_of(net.param); });

}  // namespace
}  // namespace expandnet::testing
