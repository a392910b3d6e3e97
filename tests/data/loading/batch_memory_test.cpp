#include "data/loading/batch_memory.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

namespace expandnet::testing {
namespace {

using data::BatchMemory;

TEST(BatchMemory, IsUsedAgainOnceNobodyHasIt) {
  BatchMemory memory(2);
  auto batch = memory.get({2, 3}, at::kFloat);
  const auto* first = batch.data_ptr();
  batch.reset();
  EXPECT_EQ(memory.get({2, 3}, at::kFloat).data_ptr(), first);
}

TEST(BatchMemory, IsNotTakenFromATensorOrAViewOfIt) {
  BatchMemory memory(4);
  auto batch = memory.get({2, 3}, at::kFloat);
  const auto* first = batch.data_ptr();
  EXPECT_NE(memory.get({2, 3}, at::kFloat).data_ptr(), first);
  const auto view = batch.t();
  batch.reset();
  EXPECT_NE(memory.get({2, 3}, at::kFloat).data_ptr(), first);
}

TEST(BatchMemory, IsOfTheSizesAndTheTypeAskedFor) {
  BatchMemory memory(4);
  memory.get({2, 3}, at::kFloat);
  const auto other = memory.get({3, 3}, at::kFloat);
  EXPECT_EQ(other.sizes(), at::IntArrayRef({3, 3}));
  const auto bytes = memory.get({2, 3}, at::kByte);
  EXPECT_EQ(bytes.scalar_type(), at::kByte);
}

TEST(BatchMemory, IsGivenBackBeyondTheLimit) {
  BatchMemory memory(1);
  const auto first = memory.get({2, 3}, at::kFloat);
  EXPECT_EQ(first.use_count(), 2);
  const auto second = memory.get({2, 3}, at::kFloat);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
}

}  // namespace
}  // namespace expandnet::testing
