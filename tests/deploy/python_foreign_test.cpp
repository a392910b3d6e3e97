// timm's re-parameterized nets, contracted: strictly the same keys, the same
// logits.
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>

#include <string>

#include "files.h"
#include "python.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

class ForeignNets : public ::testing::TestWithParam<const char*> {};

TEST_P(ForeignNets, ComputeTheSameInTimm) {
  const std::string modules = "torch, timm, safetensors";
  if (!python_has(modules)) GTEST_SKIP() << python_lacks(modules);
  const ScratchFolder folder;
  const auto run = [&](const char* verb) {
    return run_python({EXPANDNET_TESTS "/deploy/python_foreign.py", verb,
                       GetParam(), folder / ""});
  };
  ASSERT_TRUE(run("write"));

  ForeignBlocksOptions options;
  options.system = "timm";
  const auto deployed = contract_foreign_blocks(
                            read_weights(folder / "train.safetensors"), options)
                            .weights;
  write_weights(deployed, folder / "deployed.safetensors");

  EXPECT_TRUE(run("check"));
}

INSTANTIATE_TEST_SUITE_P(
    , ForeignNets,
    ::testing::Values("repvgg_a0", "mobileone_s0", "repghostnet_050",
                      "repvit_m0_9", "repvit_m1", "fastvit_t8", "fastvit_sa12"),
    [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace expandnet::testing
