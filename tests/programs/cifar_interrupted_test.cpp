// The program expandnet-cifar: runs that are stopped, and go on.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <string>

#include "programs/cifar_program.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarInterrupted : public CifarProgramTest {};

TEST_F(ExpandnetCifarInterrupted, ResumesToTheSameBitsAfterKills) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  words.emplace_back("--resume");
  std::mt19937 random(std::random_device{}());
  int kills = 0;
  for (; kills < 12; ++kills) {
    Process process(words, folder_);
    // Every other time in training, after an epoch or more; else anywhere.
    const bool trains = kills % 2 == 0 && process.wait_for("/40");
    const std::chrono::milliseconds moment(random() % (trains ? 100 : 400));
    if (process.wait_at_most(moment)) break;
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  EXPECT_GT(kills, 2);
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetCifarInterrupted, SavesWhenItIsAskedToStop) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  for (const int signal : {SIGTERM, SIGINT}) {
    Process process(words, folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(signal);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.status, 128 + signal) << outcome.err;
    EXPECT_NE(outcome.out.find("interrupted; go on with --resume --out " +
                               path("out") + "\n"),
              std::string::npos);
    EXPECT_EQ(json("out/result.json")["variants"][0]["test_accuracy"],
              Json({nullptr}));
    if (signal == SIGTERM) words.emplace_back("--resume");
  }
  // Its folder says all that it was told.
  const auto outcome =
      run({words.front(), "train", "--resume", "--out", path("out")});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetCifarInterrupted, SaysThatThereIsNoRunToGoOnWith) {
  const auto outcome = run(command("train", joined(kShort, {"--resume"})));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("note: there is no run in \"" + path("out") +
                                  "\"; a new one begins\n",
                              0),
            0U)
      << outcome.out;
}

TEST_F(ExpandnetCifarInterrupted, ResumesARunOfBeforeAFlag) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  {
    Process process(words, folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  words = {"later-cifar", "train", "--resume", "--out", path("out")};
  const auto other = run(joined(words, {"--manner", "new"}));
  EXPECT_EQ(other.status, 1);
  EXPECT_EQ(complaint_of(other),
            "--resume: a run goes on as it was configured, got other values of "
            "manner (old, now new) for \"" +
                path("out") +
                "\"; leave these flags out, or name another folder");
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
  const auto evaluated =
      run({"later-cifar", "evaluate", path("straight"), "--device", "cpu"});
  EXPECT_EQ(evaluated.status, 0) << evaluated.err;
}

/// Takes a line out of a file, as it was before there was such a line.
void drop_line(const fs::path& file, const std::string& line) {
  auto text = content_of(file);
  const auto start = text.find(line + "\n");
  ASSERT_NE(start, std::string::npos) << text;
  text.erase(start, line.size() + 1);
  std::ofstream(file, std::ios::binary) << text;
}

TEST_F(ExpandnetCifarInterrupted, GoesOnAsWideAsARunBegan) {
  auto wide = kLong;
  wide.insert(wide.end(), {"--narrow", "off"});
  ASSERT_EQ(run(command("train", wide, "straight")).status, 0);
  {
    Process process(command("train", wide), folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  drop_line(folder_ / "out/configuration.ini", "narrow=\"off\"");

  auto words = command("train", kLong);
  words.emplace_back("--resume");
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
  EXPECT_TRUE(
      json("out/result.json")["variants"][0]["kept_parameters"].is_null());
  // It says so from then on, and is contracted from what it says or not.
  const auto again = run(words);
  EXPECT_EQ(again.status, 0) << again.err;
  drop_line(folder_ / "out/configuration.ini", "narrow=\"off\"");
  const auto contracted =
      run_plain({"contract", path("out"), "--out", path("again.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetCifarInterrupted, KeepsItsRunWhenTheDiskIsFull) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  {
    Process process(words, folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  const auto kept = content_of(folder_ / "out/last.pt");
  words.emplace_back("--resume");
  // Enough for a configuration, not for a checkpoint.
  const auto full = run(words, 8192);
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.err.find("last.pt"), std::string::npos) << full.err;
  EXPECT_TRUE(content_of(folder_ / "out/last.pt") == kept);
  for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
    EXPECT_NE(entry.path().extension(), ".tmp");
  }
  ASSERT_EQ(run(words).status, 0);
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetCifarInterrupted, StopsAtALossThatIsNotFinite) {
  const auto outcome = run(
      command("train", {"--epochs", "2", "--expand", "none", "--lr", "1e30"}));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_TRUE(std::regex_match(
      outcome.err,
      std::regex("compact seed 0: Training: the loss must be finite, got "
                 "[-a-z]+ by step [0-9]+ of epoch 1 with a learning rate of "
                 "1e\\+30; lower it; there is no checkpoint yet\n")))
      << outcome.err;
  const auto later = run(command("train",
                                 {"--epochs", "2", "--expand", "none",
                                  "--milestones", "1", "--lr-factor", "1e30"},
                                 "later"));
  EXPECT_EQ(later.status, 1);
  EXPECT_NE(later.err.find("of epoch 2 with a learning rate of 1e+28; lower "
                           "it; the last good checkpoint is " +
                           path("later/last.pt")),
            std::string::npos)
      << later.err;
  EXPECT_TRUE(fs::exists(folder_ / "later/last.pt"));
}

}  // namespace
}  // namespace expandnet::testing
