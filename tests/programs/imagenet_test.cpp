// The program expandnet-imagenet, on folders of small JPEG files.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "data/images/image_files.h"
#include "programs/program_test.h"
#include "python.h"
#include "trainers/app/commands/program.h"
#include "trainers/imagenet/imagenet_trainer.h"

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
  static void SetUpTestSuite() {
    run_in_copies(EXPANDNET_IMAGENET, [](int argc, const char* const* argv) {
      return examples::run_program(examples::ImageNetTrainer(), argc, argv,
                                   examples::classifier_commands());
    });
  }
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
                   "0.01",
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
  const auto outcome = run(command("train", {"--epochs", "30"}));
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

  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
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

  const auto analyzed = run_plain(
      {"analyze", path("out"), "--images", "24", "--steps", "3", "--products",
       "2", "--device", "cpu", "--threads", "1", "--out", path("analysis")});
  ASSERT_EQ(analyzed.status, 0) << analyzed.err;
  const auto analysis = json("analysis/out.json");
  EXPECT_GE(analysis["training"]["accuracy"], 0.95);
  EXPECT_EQ(analysis["plane"][1]["loss"], analysis["line"]["loss"]);
}

TEST_F(ExpandnetImagenet, TakesTheRecipesOfAllClassifiers) {
  ASSERT_EQ(
      run(command("train", {"--epochs", "1", "--expand", "none"}, "teacher"))
          .status,
      0);
  const auto outcome = run(command(
      "train",
      {"--epochs", "2", "--teacher", path("teacher"), "--randaugment", "2",
       "--decay-on", "fold", "--decay-schedule", "cosine", "--train-images",
       "36", "--corrupt-labels", "0.25", "--int8", "channel"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(": 36 training and 12 validation images of 3 "
                             "classes\nTrained on 36 of 48 images "),
            std::string::npos)
      << outcome.out;
  const auto result = json("out/result.json");
  const auto& notes = result["notes"];
  ASSERT_GE(notes.size(), 3U);
  for (std::size_t i = 3; i < notes.size(); ++i) {  // what chains cost
    EXPECT_NE(notes[i].get<std::string>().find("fold and pull back count, at "),
              std::string::npos)
        << notes[i];
  }
  EXPECT_EQ(result["notes"][0],
            "Distilled from the teacher in " + path("teacher") + ".");
  const auto& variant = result["variants"][0];
  EXPECT_LE(variant["contraction_error"], 1e-12);
  EXPECT_GE(variant["int8_accuracy"][0], 0);
}

TEST_F(ExpandnetImagenet, KeepsTheMovingAverage) {
  const auto outcome = run(
      command("train", {"--epochs", "3", "--ema", "0.9", "--label-smoothing",
                        "0.1", "--decay-all", "false", "--warmup", "1"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto last = last_epoch("out");
  EXPECT_EQ(json("out/run.json")["test_accuracy"], last["validation_accuracy"]);
  // Of the weights kept, and of the average that was validated: the same.
  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  const auto loss = evaluated.out.find("loss ");
  ASSERT_NE(loss, std::string::npos) << evaluated.out;
  EXPECT_NEAR(std::stod(evaluated.out.substr(loss + 5)),
              last["validation_loss"].get<double>(), 5.1e-5);  // as printed
  ASSERT_EQ(run(command("train", {"--epochs", "3"}, "plain")).status, 0);
  EXPECT_GT(std::abs(last_epoch("plain")["validation_loss"].get<double>() -
                     last["validation_loss"].get<double>()),
            1e-3);
  const auto contracted =
      run_plain({"contract", path("out"), "--out", path("again.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetImagenet, SmoothsTheLabelsOfTheTrainingLossAlone) {
  // One step, which moves no weight: both nets stay the same.
  const Words one = {"--epochs", "1", "--batch-size", "48", "--lr", "1e-30"};
  ASSERT_EQ(run(command("train", one, "hard")).status, 0);
  ASSERT_EQ(
      run(command("train", joined(one, {"--label-smoothing", "0.5"}))).status,
      0);
  const auto hard = last_epoch("hard"), smooth = last_epoch("out");
  EXPECT_EQ(hard["training_accuracy"], smooth["training_accuracy"]);
  EXPECT_NE(hard["training_loss"], smooth["training_loss"]);
  EXPECT_EQ(hard["validation_loss"], smooth["validation_loss"]);
}

TEST_F(ExpandnetImagenet, GoesOnFromTheMiddleOfAnEpoch) {
  // Two batches per update, with the net that draws random numbers.
  const Words long_run = {
      "--net", "mobilenet_v2", "--width", "0.25", "--epochs",
      "8",     "--accumulate", "2",       "--lr", "0.01"};
  const auto straight = run(command("train", long_run, "straight"));
  ASSERT_EQ(straight.status, 0) << straight.err;
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

TEST_F(ExpandnetImagenet, KeepsItsRunWhenTheDiskIsFull) {
  const Words two = {"--epochs", "2"};
  ASSERT_EQ(run(command("train", two, "straight")).status, 0);
  // Enough for a configuration, not for a checkpoint.
  const auto full = run(command("train", two), 8192);
  EXPECT_EQ(full.status, 1);
  EXPECT_NE(full.err.find("last.pt"), std::string::npos) << full.err;
  EXPECT_FALSE(fs::exists(folder_ / "out/last.pt"));
  ASSERT_EQ(run(command("train", joined(two, {"--resume"}))).status, 0);
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetImagenet, StopsAtABadImageOrLeavesItOut) {
  const auto bad = folder_ / "data/train/n02/bad.jpg";
  write_file(bad, "no image");
  const auto stopped = run(command("train", {"--epochs", "2"}));
  EXPECT_EQ(stopped.status, 1);
  EXPECT_NE(complaint_of(stopped).find(bad.string()), std::string::npos)
      << stopped.err;

  const auto worse = folder_ / "data/val/n01/worse.jpg";
  write_file(worse, "no image either");
  const auto skipped = run(command("train", {"--epochs", "2", "--on-bad-image",
                                             "skip", "--batch-size", "7"}));
  ASSERT_EQ(skipped.status, 0) << skipped.err;
  EXPECT_NE(skipped.out.find("2 images could not be read and were left out: " +
                             path("out/skipped.txt")),
            std::string::npos)
      << skipped.out;
  EXPECT_EQ(content_of(folder_ / "out/skipped.txt"),
            bad.string() + "\n" + worse.string() + "\n");
  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
  EXPECT_EQ(evaluated.out.rfind("12 images of the validation set (1 more could "
                                "not be read): loss ",
                                0),
            0U)
      << evaluated.out << evaluated.err;
  const auto strict = run_plain(
      {"evaluate", path("out"), "--device", "cpu", "--on-bad-image", "stop"});
  EXPECT_EQ(strict.status, 1) << strict.out;
  EXPECT_NE(complaint_of(strict).find(worse.string()), std::string::npos)
      << strict.err;
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

  // The first run had folders; its flags are others' now.
  const Words evaluate = {"evaluate", path("out"), "--device", "cpu"};
  const auto refused = run_plain(evaluate);
  EXPECT_EQ(refused.status, 1) << refused.out;
  const Words listed = {"--val-list", path("list.csv")};
  const auto evaluated = run_plain(joined(evaluate, listed));
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_EQ(evaluated.out.rfind("12 images of the validation set: loss ", 0),
            0U)
      << evaluated.out;
  for (const Words& how : {Words{"--batch-size", "5", "--workers", "1"},
                           Words{"--threads", "2"}}) {
    EXPECT_EQ(run_plain(joined(joined(evaluate, listed), how)).out,
              evaluated.out);
  }
  fs::copy(folder_ / "data", folder_ / "moved", fs::copy_options::recursive);
  fs::remove_all(folder_ / "data");
  EXPECT_EQ(run_plain({"evaluate", path("flat"), "--data", path("moved"),
                       "--device", "cpu"})
                .out,
            evaluated.out);
}

TEST_F(ExpandnetImagenet, HasThePapersDefaultsForEachNet) {
  const auto help = [&](const std::string& net) {
    const auto outcome = run_plain({"train", "--net", net, "--help"});
    EXPECT_EQ(outcome.status, 0);
    return outcome.out;
  };
  const auto mobile = help("mobilenet_v1");
  EXPECT_EQ(default_in(mobile, "--lr"), "0.1") << mobile;
  EXPECT_EQ(default_in(mobile, "--batch-size"), "256") << mobile;
  EXPECT_EQ(default_in(mobile, "--schedule"), "steps") << mobile;
  EXPECT_EQ(default_in(mobile, "--init"), "kaiming-normal") << mobile;
  EXPECT_EQ(default_in(mobile, "--memory-format"), "channels-last") << mobile;
  const auto shuffle = help("shufflenet_v2");
  EXPECT_EQ(default_in(shuffle, "--lr"), "0.5") << shuffle;
  EXPECT_EQ(default_in(shuffle, "--batch-size"), "1024") << shuffle;
  EXPECT_EQ(default_in(shuffle, "--schedule"), "linear") << shuffle;
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
  for (const std::string workers : {"1025", "4294967297"}) {
    EXPECT_EQ(refusal({"--workers", workers}),
              "--workers: must be from 0 to 1024, got " + workers);
  }
  EXPECT_EQ(refusal({"--ema", "1"}), "--ema: must be from 0 to below 1, got 1");
  EXPECT_EQ(refusal({"--label-smoothing", "0.1", "--teacher", "x"}),
            "--label-smoothing: a teacher's labels are smooth already, got "
            "both; leave out one");
  EXPECT_EQ(refusal({"--net", "net.pt", "--width", "0.5"}),
            "--width: is of the program's own nets, got 0.5 for net.pt");
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
  EXPECT_EQ(refusal({"--width", "0.7"}),
            "ShuffleNetV2: width must be one of 0.5, 1, 1.5, 2, got 0.7");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
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

  for (const auto* set : {"train", "val"}) {
    fs::rename(folder_ / "data" / set / "n09", folder_ / "data" / set / "n03");
  }
  const auto image = fs::directory_iterator(folder_ / "data/train/n03")->path();
  fs::copy_file(image, folder_ / "data/train/n03/another.jpg");
  EXPECT_EQ(refusal({"--epochs", "1", "--resume"}),
            "--resume: a run goes on with the images that it began with, got "
            "others in --data than in \"" +
                path("out/images.txt") +
                "\"; restore them, or begin a new run by another --out");

  std::ofstream(folder_ / "out/classes.txt") << "n01\nn01\n";
  const auto evaluated = run({EXPANDNET_IMAGENET, "evaluate", path("out")});
  EXPECT_EQ(complaint_of(evaluated),
            "expandnet-imagenet: classes.txt must be as train has made it, got "
            "\"" +
                path("out/classes.txt") +
                "\" (a class must be there once, got \"n01\")");
}

/// Two processes that train one net, without torchrun.
class ExpandnetImagenetByRanks : public ExpandnetImagenet {
 protected:
  void SetUp() override {
    if (EXPANDNET_HAS_GLOO == 0) GTEST_SKIP() << "this LibTorch has no Gloo";
    ExpandnetImagenet::SetUp();
  }
};

const Words kShared = {"--epochs", "30", "--expand", "paper"};

TEST_F(ExpandnetImagenetByRanks, TrainAndStopAndGoOnTogether) {
  const auto port = free_port();
  {
    const auto first = start(0, port, command("train", kShared));
    const auto second = start(1, port, command("train", kShared));
    ASSERT_TRUE(first->wait_for("  2/30  "));
    second->send(SIGTERM);  // one is told, both stop
    EXPECT_EQ(second->wait().status, 128 + SIGTERM);
    const auto outcome = first->wait();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("interrupted; go on with --resume"),
              std::string::npos)
        << outcome.out;
  }
  const auto resume = command("train", joined(kShared, {"--resume"}));
  const auto outcomes = run_two(resume, resume);
  ASSERT_EQ(outcomes[0].status, 0) << outcomes[0].err;
  ASSERT_EQ(outcomes[1].status, 0) << outcomes[1].err;
  EXPECT_EQ(outcomes[1].out, "");  // rank 0 alone speaks
  EXPECT_NE(outcomes[0].out.find("2 ranks"), std::string::npos);

  const auto straight = command("train", kShared, "straight");
  for (const auto& outcome : run_two(straight, straight)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    // c10d warns of gradients that are laid out otherwise than parameters.
    EXPECT_EQ(outcome.err.find("strides"), std::string::npos) << outcome.err;
  }
  expect_same_run("out", "straight");
  EXPECT_GE(last_epoch("straight")["training_accuracy"], 0.9);
}

/// A net from Python: the ranks run the same script.
TEST_F(ExpandnetImagenetByRanks, TrainANetFromPython) {
  if (!python_has("torch")) GTEST_SKIP() << python_lacks("torch");
  const std::string script = EXPANDNET_TESTS "/deploy/python_scripts.py";
  ASSERT_TRUE(run_python({script, "write", path("")}, Complaints::kHidden));
  const Words of_net = {"--net", path("three.pt"), "--epochs", "4"};
  const auto words = command("train", of_net);
  for (const auto& outcome : run_two(words, words)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  const auto again = command("train", of_net, "again");
  for (const auto& outcome : run_two(again, again)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  expect_same_run("out", "again");

  // Neither the file nor a second rank is needed to contract.
  fs::remove(path("three.pt"));
  const auto contracted = run_plain({"contract", path("out"), "--checkpoint",
                                     "last", "--out", path("last.pt")});
  EXPECT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_TRUE(content_of(folder_ / "last.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetImagenetByRanks, AreStartedByTorchrun) {
  const std::string torchrun = EXPANDNET_TORCHRUN;
  if (torchrun.empty()) GTEST_SKIP() << "no torchrun beside this LibTorch";
  const auto two = run(
      joined({torchrun, "--standalone", "--nproc-per-node", "2", "--no-python"},
             command("train", {"--epochs", "2"})));
  ASSERT_EQ(two.status, 0) << two.err;
  EXPECT_NE(two.out.find("2 ranks"), std::string::npos) << two.out;
  const auto words = command("train", {"--epochs", "2"}, "alike");
  for (const auto& outcome : run_two(words, words)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  expect_same_run("out", "alike");
}

TEST_F(ExpandnetImagenetByRanks, GoOnAlone) {
  const auto port = free_port();
  const auto words = command("train", kShared);
  {
    const auto first = start(0, port, words);
    const auto second = start(1, port, words);
    ASSERT_TRUE(first->wait_for("  2/30  "));
    second->send(SIGKILL);
    const auto outcome = first->wait();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find("ranks: rank 1 has died or hangs; start all "
                               "ranks again, from the last checkpoint"),
              std::string::npos)
        << outcome.err;
  }
  const auto alone = run(command("train", joined(kShared, {"--resume"})));
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_EQ(json("out/run.json")["epochs"].size(), 30);
}

TEST_F(ExpandnetImagenetByRanks, LeaveNoFolderAfterAnErrorAtTheStart) {
  for (const Words& more :
       {Words{"--accumulate", "5"}, Words{"--lr", "1e30"}}) {
    const auto words = command("train", joined(kShared, more));
    for (const auto& outcome : run_two(words, words)) {
      EXPECT_EQ(outcome.status, 1) << outcome.err;
    }
    EXPECT_FALSE(fs::exists(folder_ / "out"));
  }
}

TEST_F(ExpandnetImagenetByRanks, RefuseWhatTheyDoNotShare) {
  const auto other = run_two(command("train", kShared),
                             command("train", joined(kShared, {"--lr", "1"})));
  for (const auto& outcome : other) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(
        complaint_of(outcome),
        "rank 1 must be configured as rank 0 is, got other values of lr (0.01, "
        "now 1); start all of them alike");
  }
  const auto odd = command("train", joined(kShared, {"--batch-size", "9"}));
  for (const auto& outcome : run_two(odd, odd)) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(complaint_of(outcome),
              "--batch-size: must be divisible by the number of ranks, got 9 "
              "for 2");
  }
  const auto incomplete = run(joined({"/usr/bin/env", "RANK=0", "WORLD_SIZE=2"},
                                     command("train", kShared)));
  EXPECT_EQ(incomplete.status, 1);
  EXPECT_NE(complaint_of(incomplete).find("MASTER_ADDR"), std::string::npos)
      << incomplete.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace expandnet::testing
