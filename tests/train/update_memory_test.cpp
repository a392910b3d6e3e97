// What surrounds a compact step makes no memory: every allocation of pull back,
// update and fold is watched, not timed.
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>
#include <expandnet/train/optimizers.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>

namespace expandnet::testing {
namespace {

class CountedAllocations : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*pointer*/, std::int64_t size,
                         std::size_t /*total_allocated*/,
                         std::size_t /*total_reserved*/,
                         c10::Device /*device*/) override {
    if (size > 0) ++count;
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }

  int count = 0;
};

class StepMemory : public ::testing::TestWithParam<c10::MemoryFormat> {};

TEST_P(StepMemory, IsAllMadeWithTheExpansion) {
  torch::manual_seed(0);
  models::SmallNet net(models::SmallNetOptions().kernel_size(7));
  train::set_memory_format(*net, GetParam());
  auto expansion = expand(
      *net, models::small_net_recipe("ck+fc", ExpansionOptions().narrow(true)));
  train::SGD optimizer(expansion.parameters(),
                       torch::optim::SGDOptions(0.01).momentum(0.9));
  const auto images = torch::randn({2, 3, 32, 32}).contiguous(GetParam());
  const auto watch = std::make_shared<CountedAllocations>();

  for (int step = 0; step < 3; ++step) {
    expansion.zero_grad();
    net(images).square().mean().backward();
    watch->count = 0;
    {
      const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                      watch);
      expansion.pull_back();
    }
    // The first step makes the momentum.
    if (step == 0) optimizer.step();
    {
      const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE,
                                      watch);
      if (step > 0) optimizer.step();
      expansion.fold();
      EXPECT_EQ(watch->count, 0) << "step " << step;
      static_cast<void>(torch::ones({2}));
      EXPECT_EQ(watch->count, 1);  // what is watched is seen
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, StepMemory,
                         ::testing::Values(c10::MemoryFormat::Contiguous,
                                           c10::MemoryFormat::ChannelsLast),
                         [](const auto& test) {
                           return test.param == c10::MemoryFormat::Contiguous
                                      ? "Contiguous"
                                      : "ChannelsLast";
                         });

}  // namespace
}  // namespace expandnet::testing
