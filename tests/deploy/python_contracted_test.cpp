// Contracted networks in torchvision: strictly the same keys, the same logits.
#include <ATen/core/grad_mode.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>
#include <string>

#include "python.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

template <typename Net>
void expect_same_in_python(Net net, const std::string& name) {
  const std::string modules = "torchvision, safetensors";
  if (!python_has(modules)) GTEST_SKIP() << python_lacks(modules);
  const at::NoGradGuard no_grad;
  expand(*net, models::imagenet_recipe(name, "paper")).contract();
  // Statistics of images: no layer is trivial, activations keep their scale.
  net->train();
  for (int i = 0; i < 20; ++i) net->forward(torch::randn({4, 3, 64, 64}));
  net->eval();
  const auto images = torch::randn({2, 3, 96, 96});

  const auto folder = ::testing::TempDir() + "expandnet_contracted_" + name;
  std::filesystem::create_directories(folder);
  const auto path = [&](const char* file) { return folder + "/" + file; };
  write_safetensors(weights_of(*net), path("net.safetensors"));
  write_pytorch(weights_of(*net), path("net.pth"));
  export_torchscript(net, images, path("net.torchscript.pt"));
  write_safetensors({{{"images", images}}, {}}, path("images.safetensors"));
  const std::string script = EXPANDNET_TESTS "/deploy/python_contracted.py";
  ASSERT_TRUE(run_python({script, name, path("net.safetensors"),
                          path("net.pth"), path("net.torchscript.pt"),
                          path("images.safetensors"), path("logits.pth")}));

  const auto logits = read_pytorch(path("logits.pth"));
  EXPECT_LE(relative_error(net->forward(images), logits.tensors[0].second),
            kFloat.tolerance);
  std::filesystem::remove_all(folder);
}

TEST(PythonContracted, LoadsAndRunsMobileNetV2) {
  torch::manual_seed(0);
  expect_same_in_python(models::MobileNetV2(), "mobilenet_v2");
}

TEST(PythonContracted, LoadsAndRunsShuffleNetV2) {
  torch::manual_seed(0);
  expect_same_in_python(models::ShuffleNetV2(), "shufflenet_v2");
}

}  // namespace
}  // namespace expandnet::testing
