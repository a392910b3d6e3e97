// Folding must keep no activation of the expanded width alive, nor make one:
// every allocation of a forward and backward pass is watched, not timed.
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <expandnet/nn/expanded_conv.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "testing.h"

namespace expandnet::testing {
namespace {

class LargestAllocation : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*pointer*/, std::int64_t size,
                         std::size_t /*total_allocated*/,
                         std::size_t /*total_reserved*/,
                         c10::Device /*device*/) override {
    largest = std::max(largest, size);
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }

  std::int64_t largest = 0;
};

std::int64_t largest_allocation(Execution execution) {
  torch::manual_seed(0);
  ExpandedConv2d conv(
      torch::nn::Conv2dOptions(16, 16, 3).padding(1),
      ExpansionOptions(Strategy::kCL).rate(8).execution(execution));
  const auto x = torch::randn({2, 16, 64, 64});
  const auto watch = std::make_shared<LargestAllocation>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, watch);

  conv(x).square().sum().backward();

  return watch->largest;
}

TEST(FoldedMemory, HoldsNoExpandedActivation) {
  constexpr std::int64_t kCompact =
      std::int64_t{2} * 16 * 64 * 64 * sizeof(float);
  constexpr std::int64_t kExpanded = 8 * kCompact;

  // An activation of the compact layer and some alignment, far from 8 of them.
  EXPECT_LE(largest_allocation(Execution::kFolded), 2 * kCompact);
  EXPECT_GE(largest_allocation(Execution::kChained), kExpanded);
}

}  // namespace
}  // namespace expandnet::testing
