#include <expandnet/train/epoch_record.h>
#include <gtest/gtest.h>

#include <string>

#include "files.h"

namespace expandnet::train {
namespace {

using expandnet::testing::failure_of;

EpochRecord some_record() {
  EpochRecord record;
  record.epoch = 3;
  record.learning_rate = 0.01;
  record.training = {{"loss", 1.5}, {"mean_iou", 0.5}};
  record.validation = {{"loss", 1.25}, {"mean_iou", 0.4}};
  record.seconds = 2;
  return record;
}

TEST(EpochRecord, NamesAllItsNumbers) {
  const NamedNumbers expected = {{"epoch", 3},
                                 {"learning_rate", 0.01},
                                 {"training_loss", 1.5},
                                 {"training_mean_iou", 0.5},
                                 {"validation_loss", 1.25},
                                 {"validation_mean_iou", 0.4},
                                 {"test_loss", {}},
                                 {"test_mean_iou", {}},
                                 {"seconds", 2}};
  EXPECT_EQ(numbers_of(some_record()), expected);
}

TEST(EpochRecord, IsWhatItsNumbersSay) {
  const auto record = record_of(numbers_of(some_record()));
  EXPECT_EQ(numbers_of(record), numbers_of(some_record()));
  EXPECT_FALSE(record.test.has_value());
}

TEST(EpochRecord, NeedsItsOwnNumbers) {
  auto numbers = numbers_of(some_record());
  numbers.pop_back();
  EXPECT_EQ(failure_of([&] { (void)record_of(numbers); }),
            "epoch record: it must have the number \"seconds\", got none");
}

TEST(EpochRecord, CountsItsEpoch) {
  auto numbers = numbers_of(some_record());
  numbers.front().second = -1.0;
  EXPECT_EQ(failure_of([&] { (void)record_of(numbers); }),
            "epoch record: the epoch must be a count, got -1.000000");
}

}  // namespace
}  // namespace expandnet::train
