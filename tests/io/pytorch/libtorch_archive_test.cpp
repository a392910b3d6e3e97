// Checkpoints of the trainers, as those see them who have no trainer.
#include <c10/util/StringUtil.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/serialize/archive.h>

#include <map>
#include <string>

#include "files.h"
#include "io/pytorch/trainers_checkpoint.h"
#include "io/zip/zip_archive.h"

namespace expandnet::testing {
namespace {

using torch::serialize::OutputArchive;
using ByName = std::map<std::string, at::Tensor>;

class TrainersCheckpoint : public ::testing::Test {
 protected:
  TrainersCheckpoint() { torch::manual_seed(0); }

  [[nodiscard]] std::string named() const {
    return checkpoint(run_, folder_ / "average.pt");
  }

  ScratchFolder folder_;
  Averaged run_;
};

TEST_F(TrainersCheckpoint, KeepsTheAverageOfALayerApartFromItsChain) {
  const auto [weights, averages] = read_trained_weights(named());

  const ByName tensors(weights.tensors.begin(), weights.tensors.end());
  const ByName apart(averages.begin(), averages.end());
  EXPECT_TRUE(tensors.at("0.weight").equal(run_.conv->weight));
  EXPECT_EQ(tensors.count("0.chain.0.weight"), 1U);
  run_.average.swap();
  EXPECT_TRUE(apart.at("0.weight").equal(run_.conv->weight));
  EXPECT_TRUE(apart.at("0.bias").equal(run_.conv->bias));
  EXPECT_EQ(apart.size(), 2U);
  EXPECT_TRUE(tensors.at("1.running_mean").equal(run_.bn->running_mean));
}

TEST_F(TrainersCheckpoint, IsRefusedByThoseWhoWouldMissItsAverages) {
  const auto path = named();

  EXPECT_EQ(failure_of([&] { static_cast<void>(read_weights(path)); }),
            "\"" + path +
                "\": the average of a layer must be read without its chain, "
                "got averages of 2 tensors beside their chains; contract the "
                "file first, or take the key \"model\" for the weights that "
                "were averaged");
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
