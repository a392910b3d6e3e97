#include <ATen/Functions.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "files.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

std::string failure_to_take(const std::string& path,
                            const std::string& key = "") {
  return failure_of([&] { static_cast<void>(read_weights(path, key)); });
}

TEST(WeightsFile, TellsTheFormatByTheContent) {
  const ScratchFolder folder;
  const Weights weights = {{{"w", at::ones({2})}}, {}};
  for (const auto* name : {"net.safetensors", "net.pt", "net.pth"}) {
    write_weights(weights, folder / name);
    std::filesystem::rename(folder / name, folder / "net");

    const auto read = read_weights(folder / "net");

    ASSERT_EQ(read.tensors.size(), 1U);
    EXPECT_EQ(read.tensors[0].first, "w");
    EXPECT_TRUE(read.tensors[0].second.equal(at::ones({2})));
  }
}

TEST(WeightsFileErrors, NameWhatIsNoFileOfWeights) {
  const ScratchFolder folder;
  const auto path = write_bytes(folder / "x", "text");
  const auto begin = "\"" + path + "\": ";

  EXPECT_EQ(failure_to_take(path),
            begin +
                "a file of weights must be of safetensors or PyTorch, got "
                "one that begins with 74 65 78 74; pass a .safetensors, "
                ".pt or .pth file");
  write_bytes(path, "");
  EXPECT_EQ(failure_to_take(path),
            begin +
                "a file of weights must be of safetensors or PyTorch, got "
                "an empty one; pass a .safetensors, .pt or .pth file");
  EXPECT_EQ(failure_to_take(folder / "none"), "cannot open \"" +
                                                  (folder / "none") +
                                                  "\": No such file or "
                                                  "directory");
}

TEST(WeightsFileErrors, NameAKeyThatOnlyCheckpointsHave) {
  const ScratchFolder folder;
  const auto path = folder / "net.safetensors";
  write_weights({{{"w", at::ones({2})}}, {}}, path);

  EXPECT_EQ(failure_to_take(path, "model"),
            "\"" + path +
                "\": only checkpoints have entries, got the key \"model\"; "
                "leave it out");
}

TEST(WeightsFileErrors, NameTheEndingOfNoFormat) {
  EXPECT_EQ(error_of([] { write_weights({}, "net.onnx"); }),
            "\"net.onnx\": a file of weights must end in .safetensors, .pt or "
            ".pth, got .onnx; name it so");
  EXPECT_EQ(error_of([] { write_weights({}, "net"); }),
            "\"net\": a file of weights must end in .safetensors, .pt or .pth, "
            "got no ending; name it so");
}

}  // namespace
}  // namespace expandnet::testing
