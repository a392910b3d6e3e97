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
    EXPECT_EQ(
        failure_of([&] { static_cast<void>(read_weights(path)); }),
        c10::str(
            "\"", path,
            "\": reading it must run none of its code, got a "
            "__setstate__ in \"evil/",
            folder_of_code,
            "/__torch__.py\"; save the state dict, of a quantized net that "
            "of the one before"));
  }
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
}

/// What read_weights says of the script, behind its path.
std::string refusal_of_script(const torch::jit::Module& module) {
  const ScratchFolder folder;
  const auto path = folder / "net.pt";
  module.save(path);
  const auto message =
      failure_of([&] { static_cast<void>(read_weights(path)); });
  return message.empty() ? "" : message.substr(path.size() + 2);
}

TEST(LibtorchArchive, MayHaveNoTensorsInOtherValues) {
  const auto refusal_of = [](const c10::IValue& value) {
    torch::jit::Module module("net");
    module.register_parameter("w", torch::ones({2}), /*is_buffer=*/false);
    module.register_attribute("inner", value.type(), value);
    return refusal_of_script(module);
  };
  const auto message = [](const std::string& type) {
    return ": an entry that holds a tensor must be one, got \"inner\", " +
           type +
           "; save its tensors under names of their own, dequantized, or leave "
           "it out";
  };
  const auto tensor = torch::ones({3});
  c10::Dict<std::string, at::Tensor> dict;
  dict.insert("v", tensor);

  EXPECT_EQ(refusal_of(std::vector<at::Tensor>{tensor}), message("Tensor[]"));
  EXPECT_EQ(refusal_of(std::make_tuple(tensor, 3)), message("(Tensor, int)"));
  EXPECT_EQ(refusal_of(dict), message("Dict(str, Tensor)"));
  EXPECT_EQ(refusal_of(3), "");
  EXPECT_EQ(refusal_of(std::vector<std::int64_t>{3}), "");
  EXPECT_EQ(refusal_of(std::make_tuple(1.5, "x")), "");
}

TEST(LibtorchArchive, MayNotHaveItsWeightsInItsCode) {
  torch::jit::Module module("net");
  module.register_parameter("w", torch::ones({2}), /*is_buffer=*/false);
  module.define("def forward(self, x):\n  return x * self.w\n");
  module.eval();

  EXPECT_EQ(refusal_of_script(torch::jit::freeze(module)),
            ": a script must hold its weights as parameters, got constants of "
            "its code, as torch.jit.freeze leaves them; save the module before "
            "it is frozen");
}

TEST(LibtorchArchive, NotesTensorsThatStandInCode) {
  torch::jit::Module module("m");
  module.register_parameter("w", at::ones({2}), /*is_buffer=*/false);
  module.register_buffer("kept", at::ones({1}));
  module.define("def forward(self, x):\n  return x + self.w * self.kept\n");
  module.eval();
  const ScratchFolder folder;
  torch::jit::freeze(module, std::vector<std::string>{"kept"})
      .save(folder / "net.pt");

  const auto read = read_weights(folder / "net.pt");

  ASSERT_EQ(read.tensors.size(), 1U);
  EXPECT_EQ(read.notes,
            std::vector<std::string>{"without 1 tensor that stands in its "
                                     "code; torch.jit.freeze puts weights "
                                     "there"});
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
