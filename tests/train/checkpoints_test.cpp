#include <expandnet/train/checkpoints.h>
#include <gtest/gtest.h>
#include <torch/serialize.h>

#include <filesystem>

#include "files.h"
#include "testing.h"
#include "train/saved_history.h"
#include "train/tiny_run.h"

namespace expandnet::testing {
namespace {

void copy_as_last(const ScratchFolder& folder) {
  std::filesystem::copy_file(EXPANDNET_TESTS "/train/files/version_0.pt",
                             folder / "last.pt");
}

// It was written in the middle of the third epoch, before checkpoints had a
// format version and their history names.
// The program that wrote it took its steps with products in another order:
// they round otherwise.
TEST(Checkpoints, OfVersion0GoOn) {
  const ScratchFolder folder;
  copy_as_last(folder);
  const train::Checkpoints checkpoints(folder / "", "tiny");
  TinyRun resumed, straight;
  checkpoints.load_last(*resumed);
  EXPECT_EQ(resumed->epoch(), 2);
  EXPECT_EQ(resumed->iteration(), 1);
  while (!resumed->finished()) resumed->step();
  while (!straight->finished()) straight->step();

  ASSERT_EQ(resumed->history().size(), straight->history().size());
  for (std::size_t i = 0; i < resumed->history().size(); ++i) {
    const auto& actual = resumed->history()[i];
    const auto& expected = straight->history()[i];
    for (const auto& [name, value] : expected.training) {
      EXPECT_NEAR(actual.training.at(name), value, 1e-6) << i << name;
    }
    for (const auto& [name, value] : expected.validation.value()) {
      EXPECT_NEAR(actual.validation->at(name), value, 1e-6) << i << name;
    }
    EXPECT_FALSE(actual.test.has_value());
  }
  const auto factors = straight.factors();
  for (std::size_t i = 0; i < factors.size(); ++i) {
    EXPECT_LE(relative_error(resumed.factors()[i], factors[i]),
              kFloat.tolerance)
        << i;
  }
}

TEST(Checkpoints, OfALaterVersionAreNotRead) {
  const ScratchFolder folder;
  copy_as_last(folder);
  const train::Checkpoints checkpoints(folder / "", "tiny");
  TinyRun run;
  checkpoints.load_last(*run);
  torch::serialize::OutputArchive archive;
  archive.write("format_version", c10::IValue(2));
  archive.write("configuration", c10::IValue(std::string("tiny")));
  train::save_atomically(archive, checkpoints.last_path());
  EXPECT_EQ(failure_of([&] { checkpoints.load_last(*run); }),
            "Checkpoints: the format version must be from 0 to 1, got 2 in \"" +
                checkpoints.last_path() +
                "\"; read it with the program that wrote it, or a later one");
}

TEST(Checkpoints, AreRefusedWithAHistoryOfOtherLength) {
  const ScratchFolder folder;
  torch::serialize::OutputArchive written;
  TinyRun run;
  while (run->epoch() < 1) run->step();
  written.write("format_version", c10::IValue(1));
  train::save_history(written, run->history());
  written.save_to(folder / "history.pt");
  torch::serialize::InputArchive archive;
  archive.load_from(folder / "history.pt");
  EXPECT_EQ(train::load_history(archive, 1).size(), 1U);
  EXPECT_EQ(failure_of([&] { (void)train::load_history(archive, 2); }),
            "Checkpoints: the history must have a row of doubles for each of 2 "
            "epochs, got 12 numbers of Double in 12 columns");
}

TEST(Checkpoints, KeepRecordsThatHaveOtherMetrics) {
  const ScratchFolder folder;
  train::EpochRecord first, second;
  first.epoch = 1;
  first.training = {{"loss", 1}, {"accuracy", 0.5}};
  second.epoch = 2;
  second.training = {{"loss", 0.5}, {"accuracy", 0.6}, {"top5", 0.9}};
  second.validation = {{"loss", 0.75}};
  torch::serialize::OutputArchive written;
  written.write("format_version", c10::IValue(1));
  train::save_history(written, {first, second});
  written.save_to(folder / "history.pt");
  torch::serialize::InputArchive archive;
  archive.load_from(folder / "history.pt");
  const auto history = train::load_history(archive, 2);
  EXPECT_EQ(numbers_of(history[0]), numbers_of(first));
  EXPECT_EQ(history[1].training, second.training);
  EXPECT_EQ(history[1].validation, second.validation);
}

TEST(Checkpoints, WriteTheNamesOfTheirNumbers) {
  const ScratchFolder folder;
  const train::Checkpoints checkpoints(folder / "", "tiny");
  TinyRun run, other;
  while (run->epoch() < 1) run->step();
  checkpoints.save_last(*run);
  checkpoints.load_last(*other);
  ASSERT_EQ(other->history().size(), 1U);
  EXPECT_EQ(numbers_of(other->history()[0]), numbers_of(run->history()[0]));
}

}  // namespace
}  // namespace expandnet::testing
