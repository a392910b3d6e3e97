// Checkpoints of the trainers, as those see them who have no trainer.
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/weight_average.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/serialize/archive.h>
#include <torch/utils.h>

#include <functional>
#include <map>
#include <string>

#include "files.h"
#include "io/zip/zip_archive.h"
#include "train/parts.h"

namespace expandnet::testing {
namespace {

using torch::serialize::OutputArchive;
using ByName = std::map<std::string, at::Tensor>;

ByName by_name(const Weights& weights) {
  return {weights.tensors.begin(), weights.tensors.end()};
}

/// A net trained in weight space, that has moved on from its average.
struct Averaged {
  Averaged() {
    const torch::NoGradGuard no_grad;
    for (const auto& factor : expansion.parameters()) factor.mul_(1.1);
    expansion.fold();
    bn->running_mean.fill_(3);
    average.update();
  }

  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(3, 4, 5)};
  torch::nn::BatchNorm2d bn{4};
  torch::nn::Sequential net{conv, bn};
  Expansion expansion = expand(*net);
  torch::optim::SGD optimizer{expansion.parameters(), 0.1};
  train::WeightAverage average{*net, 0.9};
};

/// Saved as Training saves it, with its average by `save_average`.
std::string checkpoint(
    const Averaged& run, const std::string& path,
    const std::function<void(OutputArchive&)>& save_average) {
  OutputArchive archive;
  train::save_part(archive, "model", *run.net);
  train::save_part(archive, "optimizer", run.optimizer);
  train::save_part(archive, "expansion", run.expansion);
  OutputArchive average(archive.compilation_unit());
  save_average(average);
  archive.write("average", average);
  archive.save_to(path);
  return path;
}

class TrainersCheckpoint : public ::testing::Test {
 protected:
  TrainersCheckpoint() { torch::manual_seed(0); }

  [[nodiscard]] std::string named() const {
    return checkpoint(run_, folder_ / "average.pt",
                      [&](auto& archive) { run_.average.save(archive); });
  }

  ScratchFolder folder_;
  Averaged run_;
};

TEST_F(TrainersCheckpoint, ContractsToItsMovingAverage) {
  const auto contracted = contract_weights(read_weights(named()));

  EXPECT_EQ(contracted.report.layers.size(), 1U);
  const auto weights = by_name(contracted.weights);
  run_.average.swap();
  EXPECT_TRUE(weights.at("0.weight").equal(run_.conv->weight));
  EXPECT_TRUE(weights.at("0.bias").equal(run_.conv->bias));
  EXPECT_TRUE(weights.at("1.running_mean").equal(run_.bn->running_mean));
  EXPECT_TRUE(
      weights.at("1.num_batches_tracked").equal(run_.bn->num_batches_tracked));
  EXPECT_EQ(weights.size(), 7U);
}

TEST_F(TrainersCheckpoint, ContractsToItsWeightsWhereAsked) {
  const auto weights =
      by_name(contract_weights(read_weights(named(), "model")).weights);

  EXPECT_TRUE(at::allclose(weights.at("0.weight"), run_.conv->weight));
  EXPECT_TRUE(weights.at("1.running_mean").equal(run_.bn->running_mean));
  run_.average.swap();
  EXPECT_FALSE(at::allclose(weights.at("0.weight"), run_.conv->weight));
}

TEST_F(TrainersCheckpoint, IsRefusedIfItsAverageHasNoNames) {
  const auto path = checkpoint(run_, folder_ / "old.pt", [&](auto& archive) {
    archive.write("0", run_.conv->weight, /*is_buffer=*/true);
  });

  EXPECT_EQ(failure_of([&] { static_cast<void>(read_weights(path)); }),
            "\"" + path +
                "\": a checkpoint must name its weights, got one whose moving "
                "average is without names; contract it with the program that "
                "trained it, or take the key \"model\" for the weights that "
                "were averaged");
  EXPECT_NO_THROW(static_cast<void>(read_weights(path, "model")));
}

TEST_F(TrainersCheckpoint, IsRefusedIfItsAverageIsOfAnotherNet) {
  for (const std::string name : {"0.weights", "0.bias"}) {
    const auto path =
        checkpoint(run_, folder_ / "other.pt", [&](auto& archive) {
          archive.write("names", c10::IValue(std::vector<std::string>{name}));
          archive.write("0", run_.conv->weight, /*is_buffer=*/true);
        });

    EXPECT_EQ(failure_of([&] { static_cast<void>(read_weights(path)); }),
              c10::str("\"", path,
                       "\": an average must be of one of the checkpoint's "
                       "tensors, got one of \"",
                       name, "\"; save it again"));
  }
}

TEST_F(TrainersCheckpoint, IsRefusedIfItsNamesAreNone) {
  const auto path = checkpoint(run_, folder_ / "names.pt", [&](auto& archive) {
    archive.write("names", c10::IValue(3));
  });

  EXPECT_EQ(
      failure_of([&] { static_cast<void>(read_weights(path)); })
          .rfind("\"" + path +
                     "\": an archive of torch::save must be whole, got an "
                     "error of LibTorch (",
                 0),
      0U);
}

TEST_F(TrainersCheckpoint, IsRefusedWithAFlippedBit) {
  const auto path = named();
  const auto whole = content_of(path);
  const ZipArchive zip("", whole);
  for (const auto& entry : zip.entries()) {
    const auto at = static_cast<std::size_t>(entry.bytes.data() - whole.data());
    auto bytes = whole;
    bytes[at + entry.bytes.size() / 2] ^= 8;
    write_bytes(path, bytes);
    const auto message =
        failure_of([&] { static_cast<void>(read_weights(path)); });
    const auto of_file = "\"" + path + "\": ";
    if (entry.method == 0) {
      EXPECT_EQ(message, of_file + "the bytes of \"" + std::string(entry.name) +
                             "\" must have the checksum of the directory, got "
                             "another; fetch the file or save it again");
    } else {  // may not even unpack
      EXPECT_EQ(message.rfind(of_file, 0), 0U) << message;
    }
  }
}

TEST(LibtorchArchive, RunsNoCodeOfItsFile) {
  torch::jit::Module module("evil");
  module.define(R"(
def forward(self, x):
    return x
def __getstate__(self):
    return 3
def __setstate__(self, state: int) -> None:
    print("it runs")
)");
  const ScratchFolder folder;
  const auto path = folder / "evil.pt";
  module.save(path);

  ::testing::internal::CaptureStdout();
  for (const std::string folder_of_code : {"code", "CODE"}) {
    auto bytes = content_of(path);
    for (auto at = bytes.find("evil/code/"); at != std::string::npos;
         at = bytes.find("evil/code/", at)) {
      bytes.replace(at, 10, "evil/" + folder_of_code + "/");
      at += 10;
    }
    write_bytes(path, bytes);
    EXPECT_EQ(failure_of([&] { static_cast<void>(read_weights(path)); }),
              c10::str("\"", path,
                       "\": reading it must run none of its code, got a "
                       "__setstate__ in \"evil/",
                       folder_of_code,
                       "/__torch__.py\"; save a state dict, or safetensors"));
  }
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

TEST_F(TrainersCheckpoint, AloneHasEntries) {
  OutputArchive archive;
  run_.net->save(archive);
  const auto path = folder_ / "net.pt";
  archive.save_to(path);

  EXPECT_EQ(failure_of([&] { static_cast<void>(read_weights(path, "model")); }),
            "\"" + path +
                "\": only checkpoints have entries, got the key \"model\"; "
                "leave it out");
}

}  // namespace
}  // namespace expandnet::testing
