// Python reads what is written here, and writes what is read here.
#include <ATen/core/Tensor.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "files.h"
#include "io/dtypes.h"
#include "io/scalar_type.h"
#include "python.h"

namespace expandnet::testing {
namespace {

/// Runs python_pytorch.py; whether that ends well.
bool run_script(const std::string& verb, const std::string& folder) {
  const std::string script = EXPANDNET_TESTS "/io/pytorch/python_pytorch.py";
  return run_python({script, verb, folder},
                    verb == "write" ? Complaints::kHidden : Complaints::kShown);
}

std::string joined(at::IntArrayRef numbers) {
  std::string text;
  for (const auto number : numbers) {
    text += (text.empty() ? "" : ",") + std::to_string(number);
  }
  return text;
}

std::string hexadecimal(const std::string& bytes) {
  std::string text;
  for (const auto byte : bytes) {
    text += hex_bytes({static_cast<std::uint8_t>(byte)});
  }
  return text;
}

/// The weights as the script describes them.
std::string description_of(const Weights& weights) {
  std::string text;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto dtype = file_dtype_of(tensor.scalar_type()).value();
    text += name + "\ttorch." + std::string(info_of(dtype).torch) + "\t" +
            joined(tensor.sizes()) + "\t" + joined(tensor.strides()) + "\t" +
            std::to_string(tensor.storage_offset()) + "\t" +
            hexadecimal(bytes_of(tensor.resolve_conj().resolve_neg())) + "\n";
  }
  return text;
}

/// Python takes seconds to start: it writes all of its files at once.
class PythonPyTorch : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!python_has("torch")) return;
    folder_ = std::make_unique<ScratchFolder>();
    ASSERT_TRUE(run_script("write", *folder_ / ""));
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override {
    if (folder_ == nullptr) GTEST_SKIP() << python_lacks("torch");
  }

  /// A file that the script made, and what it says is in it.
  static Weights read(const std::string& name, const std::string& key = "") {
    return read_pytorch(*folder_ / (name + ".pt"), key);
  }
  static std::string stated(const std::string& name) {
    return content_of(*folder_ / (name + ".txt"));
  }
  /// What read_pytorch says of it, behind the path.
  static std::string refusal(const std::string& name) {
    const auto path = *folder_ / (name + ".pt");
    const auto message = failure_of([&] { (void)read_pytorch(path); });
    return message.substr(path.size() + 2);
  }

  static std::unique_ptr<ScratchFolder> folder_;  ///< null without Python
};

std::unique_ptr<ScratchFolder> PythonPyTorch::folder_;

TEST_F(PythonPyTorch, StateDictsAreReadInEveryProtocol) {
  for (const auto& name :
       {"protocol2", "protocol3", "protocol4", "protocol5"}) {
    ASSERT_NE(stated(name), "");
    EXPECT_EQ(description_of(read(name)), stated(name)) << name;
  }
}

TEST_F(PythonPyTorch, TiedWeightsStayTied) {
  const auto weights = read("protocol2");

  EXPECT_TRUE(tensor_of(weights, "tied.weight")
                  .is_alias_of(tensor_of(weights, "head.weight")));
}

TEST_F(PythonPyTorch, ParametersAreReadAsTensors) {
  const auto weights = read("parameters");

  EXPECT_EQ(description_of(weights), stated("parameters"));
  EXPECT_FALSE(weights.tensors.at(0).second.requires_grad());
}

TEST_F(PythonPyTorch, DataParallelLeavesNoTrace) {
  EXPECT_EQ(description_of(read_weights(*folder_ / "parallel.pt")),
            stated("parallel"));
}

TEST_F(PythonPyTorch, ModulesAreReadAsTheirStateDicts) {
  for (const auto& name : {"net", "net_in_checkpoint", "legacy_net"}) {
    ASSERT_NE(stated(name), "");
    EXPECT_EQ(description_of(read(name)), stated(name)) << name;
  }
}

TEST_F(PythonPyTorch, FilesFromBeforeZipFilesAreRead) {
  for (const auto& name : {"legacy2", "legacy4", "legacy_checkpoint",
                           "legacy_views", "legacy_dtypes"}) {
    ASSERT_NE(stated(name), "");
    EXPECT_EQ(description_of(read(name)), stated(name)) << name;
  }
  EXPECT_EQ(description_of(read("empty_legacy")), "");
}

TEST_F(PythonPyTorch, TensorsOfOneStorageShareItInOlderFiles) {
  const auto weights = read("legacy_views");

  for (const auto& name : {"transposed", "offset", "expanded"}) {
    EXPECT_TRUE(
        tensor_of(weights, name).is_alias_of(tensor_of(weights, "base")))
        << name;
  }
}

TEST_F(PythonPyTorch, ChecksumsMayBeLeftOut) {
  EXPECT_EQ(description_of(read("unchecked")), stated("unchecked"));
}

TEST_F(PythonPyTorch, CheckpointsMayHoldOtherObjects) {
  for (const auto& name : {"checkpoint2", "checkpoint5"}) {
    EXPECT_EQ(description_of(read(name)), stated(name)) << name;
    EXPECT_EQ(description_of(read(name, "state_dict")), stated(name)) << name;
  }
}

TEST_F(PythonPyTorch, AllDtypesAreRead) {
  EXPECT_EQ(description_of(read("dtypes")), stated("dtypes"));
}

TEST_F(PythonPyTorch, ViewsAreReadAsViews) {
  const auto weights = read("views");

  EXPECT_EQ(description_of(weights), stated("views"));
  for (const auto& name : {"transposed", "offset", "expanded", "empty"}) {
    EXPECT_TRUE(
        tensor_of(weights, name).is_alias_of(tensor_of(weights, "base")))
        << name;
  }
}

TEST_F(PythonPyTorch, OtherFilesAreRefused) {
  const std::string global =
      "global must be one of those that hold dense tensors, got torch._utils.";
  const std::string remedy =
      "; leave it out, or save dense tensors only: "
      "torch.save(net.state_dict(), path)";
  EXPECT_EQ(refusal("script"),
            ": the file must be one of torch.save in Python, got one of "
            "TorchScript or of LibTorch's torch::save; in Python, "
            "torch.save(torch.jit.load(path).state_dict(), other)");
  EXPECT_EQ(refusal("quantized"),
            ", tensor \"q\": " + global + "_rebuild_qtensor" + remedy);
  EXPECT_EQ(refusal("sparse"),
            ", tensor \"s\": " + global + "_rebuild_sparse_tensor" + remedy);
}

TEST_F(PythonPyTorch, NetworksOfTorchvisionAreRead) {
  const std::string module = "torchvision";
  if (!python_has(module)) GTEST_SKIP() << python_lacks(module);
  ASSERT_TRUE(run_script("write_torchvision", *folder_ / ""));

  const auto description = description_of(read("torchvision"));

  EXPECT_TRUE(description == stated("torchvision")) << "too long to print";
}

TEST_F(PythonPyTorch, PythonReadsWhatIsWrittenHere) {
  Weights weights;
  auto dtypes = safetensors_dtypes();
  dtypes.push_back({"C32", at::kComplexHalf});
  dtypes.push_back({"C128", at::kComplexDouble});
  for (const auto& [name, type] : dtypes) {
    for (const auto& shape :
         std::vector<std::vector<std::int64_t>>{{}, {0, 3}, {5}, {2, 3, 2}}) {
      weights.tensors.emplace_back(name + "/é" + joined(shape),
                                   sample(type, shape));
    }
  }
  write_pytorch(weights, *folder_ / "x.pt");
  write_bytes(*folder_ / "x.txt", description_of(weights));

  EXPECT_TRUE(run_script("check", *folder_ / ""));
}

}  // namespace
}  // namespace expandnet::testing
