// The program expandnet-cifar: training, in every way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "programs/cifar_program.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarTraining : public CifarProgramTest {};

TEST_F(ExpandnetCifarTraining, TrainsContractsAndSaves) {
  const auto outcome = run(command("train", kShort));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find(
                "SmallNet 3x3 on cifar10: 120 training, 30 validation and 30 "
                "test images\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("cl+fc seed 0                3/3"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("CL 3 -> 3 -> 32 -> 8"), std::string::npos);
  EXPECT_NE(outcome.out.find("report: " + path("out/report.html")),
            std::string::npos);

  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder_ / "out")) {
    files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files,
            (std::vector<std::string>{"best.pt", "configuration.ini", "last.pt",
                                      "log.jsonl", "report.html", "result.json",
                                      "run.json", "weights.pt"}));

  std::istringstream log(content_of(folder_ / "out/log.jsonl"));
  int epochs = 0;
  for (std::string line; std::getline(log, line);) {
    EXPECT_EQ(Json::parse(line)["epoch"], ++epochs);
  }
  EXPECT_EQ(epochs, 3);

  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
  EXPECT_EQ(evaluated.status, 0) << evaluated.err;
  const double accuracy = json("out/run.json")["test_accuracy"];
  char expected[16];
  std::snprintf(expected, sizeof(expected), "%.2f%%", 100 * accuracy);
  EXPECT_NE(evaluated.out.find("30 images of the test set: loss "),
            std::string::npos)
      << evaluated.out;
  EXPECT_NE(evaluated.out.find(expected), std::string::npos) << evaluated.out;
  const auto evaluated_in = [&](const std::string& precision) {
    return run_plain(
        {"evaluate", path("out"), "--device", "cpu", "--precision", precision});
  };
  const auto rounded = evaluated_in("bf16");
  EXPECT_EQ(rounded.status, 0) << rounded.err;
  EXPECT_NE(rounded.out, evaluated.out);
  EXPECT_EQ(complaint_of(evaluated_in("tf32")),
            "--precision: tf32 needs CUDA, got cpu; use fp32");

  for (const std::string steps : {"tensor", "channel"}) {
    const auto int8 = run_plain(
        {"evaluate", path("out"), "--device", "cpu", "--int8", steps});
    EXPECT_EQ(int8.status, 0) << int8.err;
    EXPECT_EQ(int8.out.rfind(evaluated.out, 0), 0U) << int8.out;
    EXPECT_NE(int8.out.find("\nin eight bits, by " + steps + ": loss "),
              std::string::npos)
        << int8.out;
  }

  const auto contracted =
      run_plain({"contract", path("out"), "--out", path("again.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetCifarTraining, ShowsWhatThingsWouldCostWithoutATrace) {
  const auto outcome = run(
      command("compare", {"--epochs", "2", "--runs", "3", "--expand", "none",
                          "cl", "--lr", "0.01", "0.1", "--dry-run"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto compact = outcome.out.find("\ncompact:\n");
  const auto expanded = outcome.out.find("\ncl:\n");
  ASSERT_NE(compact, std::string::npos) << outcome.out;
  ASSERT_NE(expanded, std::string::npos) << outcome.out;
  EXPECT_LT(compact, expanded);
  EXPECT_NE(outcome.out.find("109,086", expanded), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("10 runs, 4 of them to choose values by: about "),
            std::string::npos)
      << outcome.out;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ExpandnetCifarTraining, TrainsInEveryWay) {
  ASSERT_EQ(run(command("train",
                        {"--net", "analysis", "--expand", "none", "--epochs",
                         "1", "--select", "last"},
                        "teacher"))
                .status,
            0);
  const std::vector<Words> ways = {
      {"--execution", "modules"},
      {"--execution", "chained"},
      {"--init", "twin", "--twin-epochs", "1"},
      {"--init", "twin", "--execution", "modules"},
      {"--teacher", path("teacher")},
      {"--optimizer", "adamw", "--lr", "0.001", "--warmup", "0.5"},
      {"--precision", "bf16", "--memory-format", "contiguous"},
      {"--select", "test-best", "--validation", "0"},
      {"--accumulate", "2", "--max-grad-norm", "1", "--first-layer", "widened"},
      {"--weight-decay", "1e-3", "--decay-on", "fold", "--decay-schedule",
       "cosine", "--decay-last", "0.1", "--per-iteration", "true"},
      {"--label-smoothing", "0.1", "--randaugment", "2", "--magnitude", "5"}};
  int number = 0;
  for (auto way : ways) {
    way.insert(way.end(), {"--epochs", "1", "--expand", "cl+fc"});
    const auto out = "out" + std::to_string(number++);
    const auto outcome = run(command("train", way, out));
    EXPECT_EQ(outcome.status, 0) << way[0] << " " << way[1] << outcome.err;
    EXPECT_TRUE(fs::exists(folder_ / out / "weights.pt")) << way[0];
  }
}

TEST_F(ExpandnetCifarTraining, TrainsThePapersNetsForImageNet) {
  for (const std::string net :
       {"mobilenet_v1", "mobilenet_v2", "shufflenet_v2"}) {
    const auto outcome =
        run(command("train", {"--net", net, "--epochs", "1"}, net));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const auto result = json(net + "/result.json");
    EXPECT_EQ(result["variants"][0]["name"], "paper");
    EXPECT_LE(result["variants"][0]["contraction_error"], 1e-12);
  }
}

TEST_F(ExpandnetCifarTraining, LeavesOutImagesAndCorruptsLabels) {
  const auto outcome = run(command(
      "train", {"--epochs", "1", "--expand", "cl", "--train-images", "100",
                "--corrupt-labels", "0.5", "--split-seed", "4"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("100 training, 30 validation and 30 test images\n"
                             "Trained on 100 of 120 images (--train-images, "
                             "seed 4).\n"),
            std::string::npos)
      << outcome.out;
  const auto notes = json("out/result.json")["notes"];
  ASSERT_EQ(notes.size(), 3U);  // one on what the chains cost
  EXPECT_TRUE(std::regex_match(
      notes[1].get<std::string>(),
      std::regex("[2-7][0-9]\\.00 % of the training labels were drawn anew, "
                 "[2-7][0-9]\\.00 % are wrong \\(--corrupt-labels 0.5, seed "
                 "4\\)\\.")))
      << notes[1];
  // `evaluate` shows the labels that were trained on.
  const auto evaluated = run_plain(
      {"evaluate", path("out"), "--device", "cpu", "--set", "training"});
  EXPECT_NE(evaluated.out.find("100 images of the training set"),
            std::string::npos)
      << evaluated.out << evaluated.err;
  EXPECT_EQ(
      complaint_of(run(command("train", {"--train-images", "121"}, "no"))),
      "--train-images: must be at most 120, as many as there are, got "
      "121");
}

TEST_F(ExpandnetCifarTraining, NarrowsUnderSgd) {
  const auto kept_by = [&](const Words& more, const std::string& out) {
    const auto outcome = run(command("train", joined(kShort, more), out));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return json(out + "/result.json")["variants"][0]["kept_parameters"];
  };
  EXPECT_LT(kept_by({}, "narrow"), 1000000);
  EXPECT_TRUE(kept_by({"--optimizer", "adamw"}, "adamw").is_null());
  EXPECT_TRUE(kept_by({"--execution", "modules"}, "modules").is_null());
  EXPECT_LT(kept_by({"--execution", "modules", "--narrow", "on"}, "on"),
            1000000);
  const auto layers = json("narrow/result.json")["variants"][0]["layers"];
  const auto& fc1 = layers.back();
  EXPECT_EQ(fc1["path"], "fc1");
  EXPECT_LT(fc1["kept_parameters"], fc1["train_parameters"]);
}

TEST_F(ExpandnetCifarTraining, SaysWhichLayersStayCompactAndWhy) {
  auto words = command("train", {"--epochs", "1", "--expand", "cl"});
  words.front() = "frozen-cifar";
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string note =
      "\"conv2\" stays compact: frozen (requires_grad is false)";
  // And what the chain of conv3 costs: (r^2 16 + r 32) / (8 images x 4 x 4).
  const std::string cost = "fold and pull back count, at 8 images an update, ";
  EXPECT_NE(outcome.out.find("test images\nnote: " + note + "\nnote: " + cost),
            std::string::npos)
      << outcome.out;
  const auto notes = json("out/result.json")["notes"];
  ASSERT_EQ(notes.size(), 2);
  EXPECT_EQ(notes[0], note);
  const std::string found = notes[1];
  EXPECT_EQ(found.substr(0, cost.size()), cost);
  const std::string remedy =
      "of the net's own step; of the layer's own: conv3 300 %; a lower --rate, "
      "narrower widths, or a larger --batch-size or --accumulate make it less";
  EXPECT_NE(found.find(remedy), std::string::npos) << found;
}

TEST_F(ExpandnetCifarTraining, RunsTheDemoAndThePapersExperiment) {
  const std::string examples = EXPANDNET_EXAMPLES;
  const auto demo =
      run_plain({"compare", "--config", examples + "/trainers/cifar/demo.ini",
                 "--data", examples + "/data", "--epochs", "3", "--runs", "1",
                 "--out", path("demo")});
  ASSERT_EQ(demo.status, 0) << demo.err;
  EXPECT_NE(demo.out.find("SmallNet 7x7 on fashion-mnist: 5000 training, 0 "
                          "validation and 10000 test images\n"),
            std::string::npos)
      << demo.out;
  const auto result = json("demo/result.json");
  EXPECT_EQ(result["variants"][0]["train_parameters"], 66186);
  EXPECT_EQ(result["variants"][1]["train_parameters"], 1745766);
  for (const auto& variant : result["variants"]) {
    EXPECT_GE(variant["test_accuracy"][0], 0.3);
  }

  const auto paper = run_plain(
      {"compare", "--config", examples + "/trainers/cifar/paper.ini", "--data",
       path("data"), "--epochs", "1", "--runs", "1", "--out", path("paper")});
  ASSERT_EQ(paper.status, 0) << paper.err;
  EXPECT_NE(
      paper.out.find("The test set chose the epochs (--select test-best), "
                     "so its accuracies are optimistic.\n"),
      std::string::npos)
      << paper.out;
  std::vector<std::int64_t> parameters;
  const auto of_paper = json("paper/result.json");
  for (const auto& variant : of_paper["variants"]) {
    parameters.push_back(variant["train_parameters"]);
  }
  EXPECT_EQ(parameters, (std::vector<std::int64_t>{66186, 1624970, 547102,
                                                   2105886, 186982, 1745766}));
}

}  // namespace
}  // namespace expandnet::testing
