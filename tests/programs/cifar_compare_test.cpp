// The program expandnet-cifar: comparisons.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <string>

#include "programs/cifar_program.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarCompare : public CifarProgramTest {};

TEST_F(ExpandnetCifarCompare, NamesTheVariantsThatANoteIsOn) {
  const auto notes_of = [&](const Words& more) {
    const auto outcome = run(command(
        "compare", joined({"--dry-run", "--expand", "none", "cl"}, more)));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  };
  const std::string spread = "fc1.weight starts with ";
  // Of chains for linear layers, which one of two variants has, or the only one.
  EXPECT_EQ(notes_of({}).find(spread), std::string::npos);
  const auto of_one = notes_of({"cl+fc"});
  EXPECT_NE(of_one.find("note: cl+fc: " + spread), std::string::npos) << of_one;
  const auto of_both = notes_of({"cl+fc", "--strategy", "fc1=fc"});
  EXPECT_NE(of_both.find("note: " + spread), std::string::npos) << of_both;
  const auto of_rates = notes_of({"--rate", "4", "2"});
  EXPECT_NE(of_rates.find("note: cl at --rate 2: fold and pull back count"),
            std::string::npos)
      << of_rates;
  // Another start has no such note.
  EXPECT_EQ(notes_of({"cl+fc", "--init", "matched"}).find(spread),
            std::string::npos);
}

TEST_F(ExpandnetCifarCompare, ComparesVariantsAndSeeds) {
  const auto outcome = run(
      command("compare", {"--epochs", "2", "--runs", "2", "--expand", "none",
                          "cl", "--jobs", "2", "--int8", "channel"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("int8 % (n)"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("variant  parameters trained  deployed"),
            std::string::npos)
      << outcome.out;
  const auto result = json("out/result.json");
  ASSERT_EQ(result["variants"].size(), 2);
  EXPECT_EQ(result["variants"][0]["name"], "none");
  EXPECT_EQ(result["variants"][0]["train_parameters"], 15050);
  EXPECT_TRUE(result["variants"][0]["contraction_error"].is_null());
  EXPECT_EQ(result["variants"][0]["ratio_to_compact"], 1);
  EXPECT_EQ(result["variants"][1]["name"], "cl");
  EXPECT_EQ(result["variants"][1]["train_parameters"], 109086);
  EXPECT_LE(result["variants"][1]["contraction_error"], 1e-12);
  EXPECT_GT(result["variants"][1]["ratio_to_compact"], 0);
  for (const auto& variant : result["variants"]) {
    EXPECT_EQ(variant["deploy_parameters"], 15050);
    EXPECT_GT(variant["step_ms"], 0);
    EXPECT_EQ(variant["seeds"], Json({0, 1}));
    for (const auto* set :
         {"validation_accuracy", "test_accuracy", "int8_accuracy"}) {
      ASSERT_EQ(variant[set].size(), 2);
      for (const double accuracy : variant[set]) {
        EXPECT_GE(accuracy, 0);
        EXPECT_LE(accuracy, 1);
      }
    }
  }
  const auto report = content_of(folder_ / "out/report.html");
  EXPECT_EQ(report.find("@REPORT_DATA@"), std::string::npos);
  EXPECT_NE(report.find("\"name\":\"cl\""), std::string::npos);

  const auto of_which = run_plain({"evaluate", path("out")});
  EXPECT_EQ(of_which.status, 1);
  EXPECT_EQ(complaint_of(of_which),
            "expandnet-cifar: must be the folder of one run, got that of a "
            "comparison, \"" +
                path("out") + "\"; name one of its runs: " +
                path("out/cl-seed0") + ", " + path("out/cl-seed1") + ", " +
                path("out/compact-seed0") + ", " + path("out/compact-seed1"));

  // Alone, and from its own configuration, a run ends with the same bits.
  const auto alone =
      run_plain({"train", "--config", path("out/cl-seed1/configuration.ini"),
                 "--out", path("alone")});
  ASSERT_EQ(alone.status, 0) << alone.err;
  expect_same_run("alone", "out/cl-seed1");
  // And so does the whole from its.
  const auto again =
      run_plain({"compare", "--config", path("out/configuration.ini"), "--out",
                 path("again"), "--jobs", "1"});
  ASSERT_EQ(again.status, 0) << again.err;
  expect_same_run("again/compact-seed0", "out/compact-seed0");
}

/// Two learning rates for two variants, of which the second is far too high.
const Words kGrid = {"--epochs", "12",   "--runs", "2",   "--expand",    "none",
                     "cl",       "--lr", "0.01",   "3e3", "--optimizer", "sgd"};

/// result.json without what differs between two runs of one command.
Json lasting(Json result) {
  for (const auto* key : {"date", "command", "threads"}) result.erase(key);
  for (const auto* key : {"out", "jobs"}) result["configuration"].erase(key);
  for (auto& variant : result["variants"]) {
    variant.erase("step_ms");
    variant.erase("ratio_to_compact");
  }
  return result;
}

TEST_F(ExpandnetCifarCompare, LeavesOutRunsOfAComparisonThatDiverge) {
  const Words words = {"--epochs", "2",           "--runs", "2",
                       "--expand", "none",        "cl",     "--lr",
                       "1e20",     "--optimizer", "sgd"};
  for (const auto* run_before : {"anew", "again"}) {
    const auto outcome = run(command("compare", words));
    ASSERT_EQ(outcome.status, 1) << run_before << outcome.err;
    EXPECT_NE(outcome.out.find("warning: 2 of 2 runs of cl diverged; it has no "
                               "numbers\nwarning: 2 of 2 runs of compact "
                               "diverged; it has no numbers\n"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(outcome.out.find("interrupted"), std::string::npos);
    const auto result = json("out/result.json");
    EXPECT_EQ(result["variants"][0]["test_accuracy"], Json({nullptr, nullptr}));
    EXPECT_TRUE(fs::exists(folder_ / "out/report.html"));
  }
}

/// From two rates to three, in any order: the compact runs stay.
TEST_F(ExpandnetCifarCompare, AddsRatesInAnyOrder) {
  const Words words = {"--epochs", "1",  "--runs",      "1",  "--expand",
                       "none",     "fc", "--optimizer", "sgd"};
  ASSERT_EQ(run(command("compare", joined(words, {"--rate", "4", "8"}))).status,
            0);
  const auto more =
      run(command("compare", joined(words, {"--rate", "2", "4", "8"})));
  ASSERT_EQ(more.status, 0) << more.err;
  EXPECT_TRUE(std::regex_search(
      more.out, std::regex("compact seed 0 +finished before\n")))
      << more.out;
}

TEST_F(ExpandnetCifarCompare, ChoosesForEachVariantWhatItTrainsBestWith) {
  const auto outcome = run(command("compare", kGrid));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("8 runs, 4 of them to choose values by: about "),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("chosen for compact: lr 0.01\nchosen for cl: lr "
                             "0.01\nwarning: compact: the best lr, 0.01, is "
                             "the smallest that was tried; try smaller ones\n"),
            std::string::npos)
      << outcome.out;
  const auto result = json("out/result.json");
  for (const auto& variant : result["variants"]) {
    EXPECT_EQ(variant["seeds"], Json({0, 1}));
    const auto& tuning = variant["tuning"];
    EXPECT_EQ(tuning["chosen"], Json({{"lr", 0.01}}));
    EXPECT_EQ(tuning["seeds"], Json({10000}));
    ASSERT_EQ(tuning["trials"].size(), 2U);
    EXPECT_EQ(tuning["trials"][1]["lr"], 3000);
    EXPECT_GE(tuning["trials"][0]["validation_accuracy"][0], 0.2);
    EXPECT_EQ(tuning["warnings"].size(), 1U);
    EXPECT_EQ(variant["test_accuracy"].size(), 2U);
  }
  // No run that tunes reads the test set, or keeps its weights.
  const auto tuned = folder_ / "out/tuning/cl-lr0.01-seed10000";
  EXPECT_TRUE(
      Json::parse(content_of(tuned / "run.json"))["test_accuracy"].is_null());
  EXPECT_FALSE(fs::exists(tuned / "last.pt"));
  EXPECT_FALSE(fs::exists(tuned / "weights.pt"));

  // What a variant was tuned to is what `train` is told: the same bits.
  ASSERT_EQ(run(command("train",
                        {"--epochs", "12", "--expand", "cl", "--lr", "0.01",
                         "--seed", "1"},
                        "alone"))
                .status,
            0);
  expect_same_run("alone", "out/cl-lr0.01-seed1");

  // With another value the same folder goes on: nothing is repeated.
  const auto wider = run(command("compare", joined(kGrid, {"--lr", "0.003"})));
  ASSERT_EQ(wider.status, 0) << wider.err;
  EXPECT_TRUE(std::regex_search(
      wider.out, std::regex("cl lr 0.01 seed 10000 +finished before\n")))
      << wider.out;
  EXPECT_EQ(json("out/result.json")["variants"][0]["tuning"]["trials"].size(),
            3U);
}

TEST_F(ExpandnetCifarCompare, GoesOnWithAGridAfterKills) {
  const auto straight = run(command("compare", kGrid, "straight"));
  ASSERT_EQ(straight.status, 0) << straight.err;
  const auto words = command("compare", kGrid);
  std::mt19937 random(std::random_device{}());
  int kills = 0;
  for (; kills < 12; ++kills) {
    Process process(words, folder_);
    const bool trains = kills % 2 == 0 && process.wait_for("/12");
    const std::chrono::milliseconds moment(random() % (trains ? 300 : 600));
    if (process.wait_at_most(moment)) break;
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  EXPECT_GT(kills, 2);
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(lasting(json("out/result.json")),
            lasting(json("straight/result.json")));
  expect_same_run("out/cl-lr0.01-seed1", "straight/cl-lr0.01-seed1");
}

TEST_F(ExpandnetCifarCompare, FillsAFolderFromSeveralProcesses) {
  const auto straight = run(command("compare", kGrid, "straight"));
  ASSERT_EQ(straight.status, 0) << straight.err;
  const auto words = joined(command("compare", kGrid), {"--jobs", "1"});
  Process first(words, folder_ / "data");
  ASSERT_TRUE(first.wait_for("/12"));
  Process second(words, folder_);
  ASSERT_TRUE(second.wait_for("/12"));
  Process third(words, folder_ / "straight");
  third.wait_for("/12");
  third.send(SIGKILL);
  third.wait();
  for (auto* process : {&first, &second}) {
    const auto outcome = process->wait();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
  EXPECT_EQ(lasting(json("out/result.json")),
            lasting(json("straight/result.json")));
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out")) {
    EXPECT_NE(entry.path().filename(), "claim.lock");
  }
}

}  // namespace
}  // namespace expandnet::testing
