// Python reads what is written here, and writes what is read here.
#include <ATen/core/Tensor.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "files.h"
#include "io/dtypes.h"
#include "python.h"

namespace expandnet::testing {
namespace {

const std::string kModules = "torch, safetensors.torch";

/// Python takes seconds to start: it writes its file once.
class PythonSafetensors : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!python_has(kModules)) return;
    folder_ = std::make_unique<ScratchFolder>();
    ASSERT_TRUE(run_script("write", *folder_ / "theirs"));
    theirs_ = read_safetensors(*folder_ / "theirs");
  }
  static void TearDownTestSuite() {
    theirs_ = {};
    folder_.reset();
  }
  void SetUp() override {
    if (folder_ == nullptr) GTEST_SKIP() << python_lacks(kModules);
  }

  static bool run_script(const std::string& verb, const std::string& path) {
    const std::string script =
        EXPANDNET_TESTS "/io/safetensors/python_safetensors.py";
    return run_python({script, verb, path});
  }

  /// What the script writes: of the dtypes, those that Python has.
  static Weights expected() {
    const std::vector<std::vector<std::int64_t>> shapes = {
        {}, {0, 3}, {5}, {2, 3, 2}};
    Weights weights;
    weights.metadata = {{"é", "quoted \"\\\n\x01"}};
    for (const auto& [name, type] : safetensors_dtypes()) {
      for (std::size_t i = 0; i < shapes.size(); ++i) {
        const auto tensor_name = name + "/" + std::to_string(i);
        if (!tensor_of(theirs_, tensor_name).defined()) continue;
        weights.tensors.emplace_back(tensor_name, sample(type, shapes[i]));
      }
    }
    return weights;
  }

  static std::unique_ptr<ScratchFolder> folder_;  ///< null without Python
  static Weights theirs_;
};

std::unique_ptr<ScratchFolder> PythonSafetensors::folder_;
Weights PythonSafetensors::theirs_;

TEST_F(PythonSafetensors, AreReadAsPythonWroteThem) {
  const auto weights = expected();

  EXPECT_EQ(theirs_.metadata, weights.metadata);
  EXPECT_EQ(theirs_.tensors.size(), weights.tensors.size());
  for (const std::string name :
       {"BOOL/2", "I64/2", "F32/2", "BF16/2", "F8_E4M3/2", "F8_E5M2/2"}) {
    EXPECT_TRUE(tensor_of(weights, name).defined()) << name;
  }
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(same_elements(tensor_of(theirs_, name), tensor)) << name;
  }
}

TEST_F(PythonSafetensors, AreReadByPythonAsTheyWereWritten) {
  write_safetensors(expected(), *folder_ / "ours");

  EXPECT_TRUE(run_script("check", *folder_ / "ours"));
}

TEST_F(PythonSafetensors, HaveTheBytesThatPythonWrites) {
  write_safetensors(expected(), *folder_ / "ours");

  EXPECT_EQ(content_of(*folder_ / "ours"), content_of(*folder_ / "theirs"));
}

}  // namespace
}  // namespace expandnet::testing
