// The program expandnet-cifar: gradient confusion and analyze.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "programs/cifar_program.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarAnalyze : public CifarProgramTest {};

/// confusion.jsonl of a run: epochs, each with its cosines.
std::vector<Json> epochs_in(const std::string& lines) {
  std::vector<Json> epochs;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    epochs.push_back(Json::parse(line));
  }
  return epochs;
}

TEST_F(ExpandnetCifarAnalyze, MeasuresConfusionWithoutATrace) {
  const std::vector<std::pair<Words, std::vector<std::string>>> ways = {
      {{"--expand", "none"}, {"fold"}},
      {{"--expand", "cl+fc"}, {"fold", "factors"}},
      {{"--expand", "cl+fc", "--execution", "modules"}, {"factors"}},
      {{"--expand", "cl+fc", "--init", "twin", "--twin-epochs", "1"},
       {"fold", "factors"}}};
  int number = 0;
  for (const auto& [way, kinds] : ways) {
    const auto plain = "plain" + std::to_string(number);
    const auto out = "out" + std::to_string(number++);
    const auto words = joined(way, {"--epochs", "2"});
    ASSERT_EQ(run(command("train", words, plain)).status, 0);
    const auto outcome =
        run(command("train", joined(words, {"--confusion", "3"}), out));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    expect_same_run(out, plain);
    EXPECT_FALSE(fs::exists(folder_ / plain / "confusion.jsonl"));
    const auto epochs =
        epochs_in(content_of(folder_ / out / "confusion.jsonl"));
    ASSERT_EQ(epochs.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(epochs[i]["epoch"], i + 1);
      EXPECT_EQ(epochs[i].size(), 1 + kinds.size());
      for (const auto& kind : kinds) {
        ASSERT_EQ(epochs[i][kind].size(), 3U) << kind;
        for (const double cosine : epochs[i][kind]) {
          EXPECT_LE(std::abs(cosine), 1);
          EXPECT_NE(cosine, 0);
        }
      }
    }
    EXPECT_NE(epochs[0][kinds[0]], epochs[1][kinds[0]]);
  }
}

/// With it, killed and gone on with, a run has the same cosines once.
TEST_F(ExpandnetCifarAnalyze, GoesOnMeasuringConfusion) {
  const auto words = joined(kLong, {"--confusion", "2"});
  ASSERT_EQ(run(command("train", words, "straight")).status, 0);
  auto again = command("train", words);
  again.emplace_back("--resume");
  std::mt19937 random(std::random_device{}());
  int kills = 0;
  for (; kills < 4; ++kills) {
    Process process(again, folder_);
    process.wait_for("/40");
    if (process.wait_at_most(std::chrono::milliseconds(random() % 200))) break;
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  EXPECT_GT(kills, 1);
  const auto outcome = run(again);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
  const auto cosines = content_of(folder_ / "out/confusion.jsonl");
  EXPECT_EQ(epochs_in(cosines).size(), 40U);
  EXPECT_EQ(cosines, content_of(folder_ / "straight/confusion.jsonl"));
}

TEST_F(ExpandnetCifarAnalyze, AnalyzesAComparison) {
  const auto compared =
      run(command("compare", {"--epochs", "2", "--runs", "2", "--expand",
                              "none", "cl", "--confusion", "4"}));
  ASSERT_EQ(compared.status, 0) << compared.err;
  const Words words = {
      EXPANDNET_CIFAR, "analyze",   path("out"),  "--images", "50",
      "--steps",       "5",         "--products", "3",        "--device",
      "cpu",           "--threads", "1",          "--out"};
  const auto outcome = run(joined(words, {path("analysis")}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("4 runs, 50 training images in evaluation mode, "
                             "without augmentation\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("plane, 5 of 5 rows"), std::string::npos);
  EXPECT_NE(outcome.out.find("report: " + path("analysis/analysis.html")),
            std::string::npos);
  const auto page = content_of(folder_ / "analysis/analysis.html");
  EXPECT_NE(page.find("\"name\":\"cl-seed1\""), std::string::npos);

  const auto analysis = json("analysis/analysis.json");
  ASSERT_EQ(analysis["variants"].size(), 2U);
  EXPECT_EQ(analysis["variants"][0]["name"], "compact");
  EXPECT_EQ(analysis["variants"][1]["name"], "cl");
  for (const auto& variant : analysis["variants"]) {
    const bool expanded = variant["name"] == "cl";
    EXPECT_EQ(variant["density"]["fold"]["cosines"], 8);
    EXPECT_EQ(variant["density"]["factors"].is_null(), !expanded);
    ASSERT_EQ(variant["runs"].size(), 2U);
    for (const auto& run : variant["runs"]) {
      const std::string name = run["name"];
      // In the middle of line and plane is the net itself.
      for (const auto* number : {"loss", "accuracy"}) {
        EXPECT_EQ(run["line"][number].size(), 5U);
        EXPECT_EQ(run["line"][number][2], run["training"][number]) << name;
        EXPECT_EQ(run["plane"][2][number], run["line"][number]) << name;
      }
      EXPECT_EQ(run["plane"].size(), 5U);
      EXPECT_NE(run["plane"][0]["loss"], run["line"]["loss"]);
      EXPECT_EQ(run["largest_eigenvalue"]["products"], 3);
      EXPECT_EQ(run["trace"]["products"], 3);
      ASSERT_EQ(run["effective_ranks"].size(), 5U);
      EXPECT_EQ(run["effective_ranks"][0]["weight"], "conv1.weight");
      EXPECT_EQ(run["effective_ranks"][0]["sizes"], Json({8, 3, 3, 3}));
      EXPECT_EQ(run["confusion"].size(), 2U);
      const auto tested = json("out/" + name + "/run.json");
      EXPECT_EQ(run["test"]["accuracy"], tested["test_accuracy"]);
      EXPECT_EQ(run["gap"]["accuracy"],
                run["training"]["accuracy"].get<double>() -
                    run["test"]["accuracy"].get<double>());
    }
  }

  // What is there is not computed again; without a plane it is less.
  const auto again = run(joined(words, {path("analysis"), "--plane", "false"}));
  EXPECT_TRUE(
      std::regex_search(again.out, std::regex("cl-seed1 +analyzed before\n")))
      << again.out << again.err;

  // All training images: what `evaluate` finds.
  const auto one =
      run_plain({"analyze", path("out/cl-seed0"), "--images", "120", "--steps",
                 "2", "--plane", "false", "--products", "0", "--out",
                 path("all"), "--device", "cpu"});
  ASSERT_EQ(one.status, 0) << one.err;
  const auto evaluated = run_plain({"evaluate", path("out/cl-seed0"), "--set",
                                    "training", "--device", "cpu"});
  const auto start = one.out.find(" loss ");
  ASSERT_NE(start, std::string::npos) << one.out;
  const auto numbers = one.out.substr(start, one.out.find('\n', start) - start);
  EXPECT_NE(evaluated.out.find(numbers), std::string::npos) << numbers << "\n"
                                                            << evaluated.out;
  EXPECT_TRUE(json("all/cl-seed0.json")["trace"].is_null());

  fs::remove(folder_ / "out/cl-seed1/weights.pt");
  const auto fewer = run(joined(words, {path("fewer"), "--plane", "false"}));
  ASSERT_EQ(fewer.status, 0) << fewer.err;
  const auto note =
      "1 finished run of \"" + path("out") + "\" left out: without weights";
  EXPECT_NE(fewer.out.find("note: " + note + "\n"), std::string::npos)
      << fewer.out;
  EXPECT_EQ(json("fewer/analysis.json")["notes"].back(), note);
}

TEST_F(ExpandnetCifarAnalyze, GoesOnAnalyzingAfterKills) {
  const Words short_runs = {"--epochs", "1",    "--runs", "1",
                            "--expand", "none", "cl"};
  ASSERT_EQ(run(command("compare", short_runs)).status, 0);
  const auto words_for = [&](const std::string& out) -> Words {
    return {EXPANDNET_CIFAR,
            "analyze",
            path("out"),
            "--images",
            "60",
            "--steps",
            "15",
            "--products",
            "8",
            "--threads",
            "1",
            "--device",
            "cpu",
            "--out",
            path(out)};
  };
  ASSERT_EQ(run(words_for("straight")).status, 0);
  std::mt19937 random(std::random_device{}());
  const char* places[] = {"loss", "eigenvalue", "trace", "line", "plane, 5"};
  int kills = 0;
  for (const auto* place : places) {
    Process process(words_for("analysis"), folder_);
    process.wait_for(place);
    if (process.wait_at_most(std::chrono::milliseconds(random() % 100))) break;
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
    ++kills;
  }
  EXPECT_GT(kills, 1);
  {
    Process process(words_for("stopped"), folder_);
    ASSERT_TRUE(process.wait_for("eigenvalue"));
    process.send(SIGINT);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.status, 128 + SIGINT) << outcome.err;
    EXPECT_NE(outcome.out.find("interrupted; the same command goes on"),
              std::string::npos)
        << outcome.out;
    EXPECT_TRUE(fs::exists(folder_ / "stopped/analysis.html"));
  }
  auto straight = json("straight/analysis.json");
  for (const std::string out : {"analysis", "stopped"}) {
    const auto outcome = run(words_for(out));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    for (const std::string name : {"compact-seed0.json", "cl-seed0.json"}) {
      EXPECT_EQ(content_of(folder_ / out / name),
                content_of(folder_ / "straight" / name));
    }
    auto gone_on = json(out + "/analysis.json");
    for (auto* analysis : {&gone_on, &straight}) {
      analysis->erase("date");
      analysis->erase("command");
    }
    EXPECT_EQ(gone_on, straight);
  }
}

TEST_F(ExpandnetCifarAnalyze, NamesTheRunsThatItCannotAnalyze) {
  const auto refusal = [&](const Words& more) {
    const auto outcome =
        run_plain(joined({"analyze", "--images", "20", "--device", "cpu",
                          "--out", path("analysis")},
                         more));
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    return complaint_of(outcome);
  };
  EXPECT_EQ(refusal({path("nobody")}),
            "expandnet-cifar: a run's folder must hold configuration.ini, got "
            "\"" +
                path("nobody") + "\"; name one that train has made");
  ASSERT_EQ(run(command("train", {"--epochs", "1", "--expand", "cl"})).status,
            0);
  EXPECT_EQ(refusal({path("out"), path("data/../out")}),
            "analyze: must name each run once, got \"" + path("data/../out") +
                "\" again");
  EXPECT_EQ(refusal({path("out"), "--images", "121"}),
            "--images: must be at most 120, as many as there are, got 121");
  ASSERT_EQ(run_plain({"analyze", path("out"), "--images", "20", "--steps", "2",
                       "--plane", "false", "--products", "0", "--device", "cpu",
                       "--out", path("analysis")})
                .status,
            0);
  EXPECT_EQ(refusal({path("out")}),
            "--out: an analysis goes on as it was begun, got other values of "
            "steps (2, "
            "now 51), products (0, now 100) for \"" +
                path("analysis/out.json") +
                "\"; name another folder, or remove the file");
  EXPECT_EQ(refusal({path("out"), "--out", path("data/test_batch.bin")}),
            "--out: must be a folder that can be made, got \"" +
                path("data/test_batch.bin") + "\" (Not a directory)");
  fs::remove(folder_ / "out/weights.pt");
  EXPECT_EQ(refusal({path("out")}),
            "analyze: a run must have its weights, got \"" + path("out") +
                "\"; train again: the weights were removed from the folder");
  fs::create_directories(folder_ / "many");
  fs::rename(folder_ / "out", folder_ / "many/out");
  fs::copy(folder_ / "many/out/configuration.ini",
           folder_ / "many/configuration.ini");
  EXPECT_EQ(refusal({path("many")}),
            "analyze: a comparison must have a run with its weights, got "
            "1 finished run without them in \"" +
                path("many") +
                "\"; train again: the weights were removed from the folder");
  EXPECT_EQ(refusal({path("many/out")}),
            "analyze: a run must have its weights, got \"" + path("many/out") +
                "\"; train again: the weights were removed from the folder");
  fs::remove(folder_ / "many/out/run.json");
  EXPECT_EQ(refusal({path("many/out")}),
            "analyze: a run must be finished, got \"" + path("many/out") +
                "\"; finish it by --resume");
  EXPECT_EQ(refusal({path("many")}),
            "analyze: a comparison must have a finished run, got none in \"" +
                path("many") + "\"");
}

}  // namespace
}  // namespace expandnet::testing
