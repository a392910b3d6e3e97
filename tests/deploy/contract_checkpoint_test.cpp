// Checkpoints of the trainers, contracted without the program that wrote them.
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "files.h"
#include "io/pytorch/trainers_checkpoint.h"

namespace expandnet::testing {
namespace {

using ByName = std::map<std::string, at::Tensor>;

class ContractCheckpoint : public ::testing::Test {
 protected:
  ContractCheckpoint() {
    torch::manual_seed(0);
    path_ = checkpoint(run_, folder_ / "average.pt");
  }

  ScratchFolder folder_;
  Averaged run_;
  std::string path_;
};

TEST_F(ContractCheckpoint, WritesItsMovingAverage) {
  const auto [trained, averages] = read_trained_weights(path_);
  ContractWeightsOptions options;
  options.averages = averages;

  const auto contracted = contract_weights(trained, options);

  EXPECT_EQ(contracted.report.layers.size(), 1U);
  const auto& tensors = contracted.weights.tensors;
  const ByName weights(tensors.begin(), tensors.end());
  run_.average.swap();
  EXPECT_TRUE(weights.at("0.weight").equal(run_.conv->weight));
  EXPECT_TRUE(weights.at("0.bias").equal(run_.conv->bias));
  EXPECT_TRUE(weights.at("1.running_mean").equal(run_.bn->running_mean));
  EXPECT_TRUE(
      weights.at("1.num_batches_tracked").equal(run_.bn->num_batches_tracked));
  EXPECT_EQ(weights.size(), 7U);
}

TEST_F(ContractCheckpoint, WritesItsWeightsWhereAsked) {
  const auto contracted = contract_weights(read_weights(path_, "model"));

  const auto& tensors = contracted.weights.tensors;
  const ByName weights(tensors.begin(), tensors.end());
  EXPECT_TRUE(at::allclose(weights.at("0.weight"), run_.conv->weight));
  EXPECT_TRUE(weights.at("1.running_mean").equal(run_.bn->running_mean));
  run_.average.swap();
  EXPECT_FALSE(at::allclose(weights.at("0.weight"), run_.conv->weight));
}

}  // namespace
}  // namespace expandnet::testing
