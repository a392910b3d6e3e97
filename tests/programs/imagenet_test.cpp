// The program expandnet-imagenet, on folders of small JPEG files.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "data/image_files.h"
#include "programs/program_test.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

/// An image of a colour, in noise.
std::string coloured_jpeg(std::size_t colour, unsigned seed) {
  std::mt19937 random(seed);
  data::Image image;
  image.height = 40 + static_cast<std::int64_t>(random() % 24);
  image.width = 40 + static_cast<std::int64_t>(random() % 24);
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width * 3));
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] =
        static_cast<std::uint8_t>(random() % 60 + (i % 3 == colour ? 150 : 0));
  }
  return data::jpeg_file(image);
}

void write_file(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

/// Three classes that a net learns soon: 48 images to train on, 12 to validate.
class ExpandnetImagenet : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    const char* classes[] = {"n01", "n02", "n03"};
    for (unsigned i = 0; i < 60; ++i) {
      const auto colour = i % 3;
      write_file(folder_ / "data" / (i < 48 ? "train" : "val") /
                     classes[colour] / (std::to_string(100 + i) + ".JPEG"),
                 coloured_jpeg(colour, i));
    }
  }
  [[nodiscard]] Words command(const std::string& name, const Words& more,
                              const std::string& out = "out") const {
    return joined({EXPANDNET_IMAGENET,
                   name,
                   "--data",
                   path("data"),
                   "--net",
                   "shufflenet_v2",
                   "--lr",
                   "0.1",
                   "--batch-size",
                   "12",
                   "--image-size",
                   "32",
                   "--resize",
                   "36",
                   "--threads",
                   "1",
                   "--device",
                   "cpu",
                   "--workers",
                   "2",
                   "--out",
                   path(out)},
                  more);
  }
  [[nodiscard]] Outcome run_plain(const Words& more) const {
    return run(joined({EXPANDNET_IMAGENET}, more));
  }
  /// The last epoch of a run's log.
  [[nodiscard]] Json last_epoch(const std::string& out) const {
    return json(out + "/run.json")["epochs"].back();
  }
};

TEST_F(ExpandnetImagenet, LearnsASmallFolderByHeart) {
  const auto outcome =
      run(command("train", {"--epochs", "16", "--lr", "0.03"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("ShuffleNetV2 0.5x on " + path("data") +
                             ": 48 training and 12 validation images of 3 "
                             "classes\n"),
            std::string::npos)
      << outcome.out;
  const auto last = last_epoch("out");
  EXPECT_GE(last["training_accuracy"], 0.95);
  EXPECT_GE(last["validation_accuracy"], 0.8);
  EXPECT_EQ(last["training_top5"], 1);
  EXPECT_EQ(content_of(folder_ / "out/classes.txt"), "n01\nn02\nn03\n");

  const auto result = json("out/result.json")["variants"][0];
  // The paper's counts with 3 classes instead of 1000: 997 x 1025 fewer.
  EXPECT_EQ(result["train_parameters"], 1'526'428 - 997 * 1025);
  EXPECT_EQ(result["deploy_parameters"], 1'366'792 - 997 * 1025);
  EXPECT_LE(result["contraction_error"], 1e-12);
  // The contracted net does what the expanded one did.
  EXPECT_EQ(result["test_accuracy"][0], last["validation_accuracy"]);

  const auto evaluated = run_plain({"evaluate", path("out")});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  char expected[32];
  std::snprintf(expected, sizeof(expected), "accuracy %.2f%%, top-5 100.00%%",
                100 * last["validation_accuracy"].get<double>());
  EXPECT_NE(evaluated.out.find("12 images of the validation set: loss "),
            std::string::npos)
      << evaluated.out;
  EXPECT_NE(evaluated.out.find(expected), std::string::npos) << evaluated.out;

  const auto contracted =
      run_plain({"contract", path("out"), "--out", path("again.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetImagenet, KeepsTheMovingAverage) {
  const auto outcome = run(
      command("train", {"--epochs", "3", "--ema", "0.9", "--label-smoothing",
                        "0.1", "--decay-all", "false", "--warmup", "1"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto last = last_epoch("out");
  EXPECT_EQ(json("out/run.json")["test_accuracy"], last["validation_accuracy"]);
  const auto contracted =
      run_plain({"contract", path("out"), "--out", path("again.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetImagenet, GoesOnFromTheMiddleOfAnEpoch) {
  // Two batches per update, with the net that draws random numbers.
  const Words long_run = {
      "--net", "mobilenet_v2", "--width", "0.25", "--epochs",
      "8",     "--accumulate", "2"};
  ASSERT_EQ(run(command("train", long_run, "straight")).status, 0);
  {
    Process process(command("train", long_run), folder_);
    ASSERT_TRUE(process.wait_for("  2/8  "));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  // Another number of workers changes nothing.
  const auto resumed =
      run(command("train", joined(long_run, {"--resume", "--workers", "1"})));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetImagenet, StopsAtABadImageOrLeavesItOut) {
  const auto bad = folder_ / "data/train/n02/bad.jpg";
  write_file(bad, "no image");
  const auto stopped = run(command("train", {"--epochs", "2"}));
  EXPECT_EQ(stopped.status, 1);
  EXPECT_NE(complaint_of(stopped).find(bad.string()), std::string::npos)
      << stopped.err;

  const auto skipped = run(command(
      "train", {"--epochs", "2", "--on-bad-image", "skip", "--batch-size", "7"},
      "other"));
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_NE(skipped.out.find("1 training images could not be read and were "
                             "left out: " +
                             path("other/skipped.txt")),
            std::string::npos)
      << skipped.out;
  EXPECT_EQ(content_of(folder_ / "other/skipped.txt"), bad.string() + "\n");
}

TEST_F(ExpandnetImagenet, EvaluatesAFlatValidationFolder) {
  std::string list = "file,class\n";
  for (const auto& entry :
       fs::recursive_directory_iterator(folder_ / "data/val")) {
    if (!entry.is_regular_file()) continue;
    const auto name = entry.path().filename().string();
    list += name + "," + entry.path().parent_path().filename().string() + "\n";
    fs::copy(entry.path(), folder_ / "data" / name);
  }
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  fs::remove_all(folder_ / "data/val");
  fs::create_directories(folder_ / "data/val");
  for (const auto& entry : fs::directory_iterator(folder_ / "data")) {
    if (!entry.is_regular_file()) continue;
    fs::rename(entry.path(), folder_ / "data/val" / entry.path().filename());
  }
  write_file(folder_ / "list.csv", list);
  const auto flat = run(command(
      "train", {"--epochs", "1", "--val-list", path("list.csv")}, "flat"));
  ASSERT_EQ(flat.status, 0) << flat.err;
  EXPECT_EQ(last_epoch("flat")["validation_accuracy"],
            last_epoch("out")["validation_accuracy"]);
}

TEST_F(ExpandnetImagenet, HasThePapersDefaultsForEachNet) {
  const auto help = [&](const std::string& net) {
    const auto outcome = run_plain({"train", "--net", net, "--help"});
    EXPECT_EQ(outcome.status, 0);
    return outcome.out;
  };
  const auto has = [](const std::string& text, const std::string& flag,
                      const std::string& value) {
    const auto line = text.substr(text.find("  " + flag + " "));
    return line.find("[" + value + "]") < line.find('\n');
  };
  const auto mobile = help("mobilenet_v1");
  EXPECT_TRUE(has(mobile, "--lr", "0.1")) << mobile;
  EXPECT_TRUE(has(mobile, "--batch-size", "256")) << mobile;
  EXPECT_TRUE(has(mobile, "--schedule", "steps")) << mobile;
  EXPECT_TRUE(has(mobile, "--init", "kaiming-normal")) << mobile;
  const auto shuffle = help("shufflenet_v2");
  EXPECT_TRUE(has(shuffle, "--lr", "0.5")) << shuffle;
  EXPECT_TRUE(has(shuffle, "--batch-size", "1024")) << shuffle;
  EXPECT_TRUE(has(shuffle, "--schedule", "linear")) << shuffle;
}

TEST_F(ExpandnetImagenet, RefusesWrongUsageWithStatus2) {
  const auto refusal = [&](const Words& more) {
    const auto outcome = run(command("train", more));
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return complaint_of(outcome);
  };
  EXPECT_EQ(refusal({"--resize", "16"}),
            "--resize: must not be below --image-size, got 16 and 32");
  EXPECT_EQ(refusal({"--execution", "chained"}),
            "--execution: must be weight-space for these nets, got chained; "
            "expanded modules are written into a net");
  EXPECT_EQ(refusal({"--init", "twin"}),
            "--init: must not be twin for these nets; expanded modules, which "
            "a twin is made of, are written into a net");
  EXPECT_EQ(refusal({"--select", "test-best"}),
            "--select: must be last or best, got test-best; val is both "
            "validation and test");
  EXPECT_EQ(refusal({"--ema", "1"}), "--ema: must be from 0 to below 1, got 1");
  EXPECT_EQ(refusal({"--label-smoothing", "0.1", "--teacher", "x"}),
            "--label-smoothing: a teacher's labels are smooth already, got "
            "both; leave out one");
  EXPECT_NE(refusal({"--net", "mobilenet_v9"}).find("mobilenet_v9"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ExpandnetImagenet, RefusesFoldersItCannotUseWithStatus1) {
  const auto refusal = [&](const Words& more) {
    const auto outcome = run(command("train", more));
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    return complaint_of(outcome);
  };
  EXPECT_EQ(refusal({"--batch-size", "64"}),
            "--batch-size: must not be above the number of training images, "
            "got 64 for 48 in \"" +
                path("data/train") + "\"");
  const auto nowhere = refusal({"--data", path("nowhere")});
  EXPECT_NE(nowhere.find(path("nowhere/train")), std::string::npos) << nowhere;
  fs::rename(folder_ / "data/val/n03", folder_ / "data/val/n04");
  const auto other = refusal({});
  EXPECT_NE(other.find("n03"), std::string::npos) << other;
  EXPECT_NE(other.find("n04"), std::string::npos) << other;
  fs::rename(folder_ / "data/val/n04", folder_ / "data/val/n03");
  fs::create_directories(folder_ / "data/train/n00");
  const auto empty = refusal({});
  EXPECT_NE(empty.find("n00"), std::string::npos) << empty;
  fs::remove_all(folder_ / "data/train/n00");
  EXPECT_FALSE(fs::exists(folder_ / "out"));

  // A run goes on with the classes that it began with.
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  for (const auto* set : {"train", "val"}) {
    fs::rename(folder_ / "data" / set / "n03", folder_ / "data" / set / "n09");
  }
  EXPECT_EQ(refusal({"--epochs", "1", "--resume"}),
            "--resume: a run goes on with the classes that it began with, got "
            "others in --data than in \"" +
                path("out/classes.txt") + "\"");
}

}  // namespace
}  // namespace expandnet::testing
