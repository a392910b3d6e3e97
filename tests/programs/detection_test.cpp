// The program expandnet-detection, on the scenes that are committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "programs/program_test.h"
#include "trainers/app/commands/program.h"
#include "trainers/detection/detection_trainer.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

const std::string kScenes = std::string(EXPANDNET_EXAMPLES) + "/data/scenes";

class ExpandnetDetection : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    run_in_copies(EXPANDNET_DETECTION, [](int argc, const char* const* argv) {
      return examples::run_program(examples::DetectionTrainer(), argc, argv,
                                   examples::detection_commands());
    });
  }
  [[nodiscard]] Words command(const std::string& name, const Words& more,
                              const std::string& out = "out") const {
    return joined({EXPANDNET_DETECTION,
                   name,
                   "--data",
                   kScenes,
                   "--lr",
                   "0.001",
                   "--batch-size",
                   "3",
                   "--image-size",
                   "64",
                   "--warmup",
                   "0",
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
    return run(joined({EXPANDNET_DETECTION}, more));
  }
};

/// The scenes as folders of images with their annotations beside them.
void put_in_folder(const fs::path& folder, const Words& names) {
  fs::create_directories(folder);
  for (const auto& name : names) {
    fs::copy_file(kScenes + "/JPEGImages/" + name + ".png",
                  folder / (name + ".png"));
    fs::copy_file(kScenes + "/Annotations/" + name + ".xml",
                  folder / (name + ".xml"));
  }
}

TEST_F(ExpandnetDetection, TrainsEvaluatesAndContracts) {
  const auto outcome = run(command("train", {"--epochs", "3"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("YOLO-LITE 64x64 on " + kScenes +
                             ": 3 training, 1 validation and 2 test images of "
                             "6 classes\nanchors fitted to "),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(content_of(folder_ / "out/classes.txt"),
            "bag\nboot\ndress\npullover\nsandal\nsneaker\n");
  const auto anchors = content_of(folder_ / "out/anchors.txt");
  EXPECT_EQ(std::count(anchors.begin(), anchors.end(), '\n'), 5) << anchors;

  const auto last = json("out/run.json")["epochs"].back();
  for (const auto* term :
       {"loss", "coordinates", "object", "no_object", "classes"}) {
    EXPECT_GT(last[std::string("training_") + term], 0) << term;
  }
  EXPECT_GE(last["validation_map"], 0);
  const auto result = json("out/result.json")["variants"][0];
  // The paper's count with 6 classes instead of 20: 5 x 14 x 257 fewer.
  EXPECT_EQ(result["train_parameters"], 4'484'253 - 70 * 257);
  EXPECT_EQ(result["deploy_parameters"], 572'317 - 70 * 257);
  EXPECT_LE(result["contraction_error"], 1e-12);

  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_EQ(evaluated.out.rfind("2 images of the test set: loss ", 0), 0U)
      << evaluated.out;
  EXPECT_NE(evaluated.out.find(", mAP "), std::string::npos) << evaluated.out;
  // Neither the batch size nor the number of workers has a part in it.
  EXPECT_EQ(run_plain({"evaluate", path("out"), "--device", "cpu",
                       "--batch-size", "1", "--workers", "1"})
                .out,
            evaluated.out);
  for (const auto* ap : {"area", "coco"}) {
    EXPECT_EQ(run_plain({"evaluate", path("out"), "--device", "cpu", "--ap", ap,
                         "--set", "training"})
                  .status,
              0);
  }

  for (const auto& [format, file] :
       {std::pair<std::string, std::string>{"libtorch", "again.pt"},
        {"safetensors", "net.safetensors"},
        {"pt", "net.pth"},
        {"torchscript", "script.pt"}}) {
    const auto contracted = run_plain(
        {"contract", path("out"), "--format", format, "--out", path(file)});
    EXPECT_EQ(contracted.status, 0) << format << contracted.err;
    EXPECT_GT(fs::file_size(folder_ / file), 2'000'000U) << format;
  }
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));
}

TEST_F(ExpandnetDetection, GoesOnAfterAKillToTheSameBits) {
  const Words long_run = {"--epochs", "12", "--multi-scale", "true"};
  const auto straight = run(command("train", long_run, "straight"));
  ASSERT_EQ(straight.status, 0) << straight.err;
  {
    Process process(command("train", long_run), folder_);
    ASSERT_TRUE(process.wait_for("  2/12  "));
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  const auto resumed =
      run(command("train", joined(long_run, {"--resume", "--workers", "1"})));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("out", "straight");
  EXPECT_EQ(json("out/run.json")["test_map"],
            json("straight/run.json")["test_map"]);
}

TEST_F(ExpandnetDetection, GoesOnWithTheAnchorsThatItBeganWith) {
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  std::ofstream(folder_ / "out/anchors.txt") << "1 2\n";
  EXPECT_EQ(complaint_of(run(command("train", {"--epochs", "1", "--resume"}))),
            "--resume: a run goes on with the anchors that it began with, got "
            "others in --data than in \"" +
                path("out/anchors.txt") + "\"");
  std::ofstream(folder_ / "out/anchors.txt") << "1\n";
  EXPECT_EQ(complaint_of(run_plain({"evaluate", path("out")})),
            "expandnet-detection: anchors.txt must be as train has made it, "
            "got \"" +
                path("out/anchors.txt") +
                "\" (an anchor must be a line of two positive numbers, got "
                "\"1\")");
}

TEST_F(ExpandnetDetection, GoesOnWithTheImagesThatItBeganWith) {
  put_in_folder(folder_ / "boxes/train",
                {"000001", "000002", "000003", "000004"});
  put_in_folder(folder_ / "boxes/test", {"000005"});
  ASSERT_EQ(
      run(command("train", {"--epochs", "1", "--dataset", "folder", "--data",
                            path("boxes"), "--val-images", "1"}))
          .status,
      0);
  put_in_folder(folder_ / "boxes/train", {"000006"});
  const auto kept = path("out/images.txt");
  EXPECT_EQ(
      complaint_of(run_plain({"train", "--resume", "--out", path("out")})),
      "--resume: a run goes on with the images that it began with, got others "
      "in --data than in \"" +
          kept + "\"; restore them, or begin a new run by another --out");
  EXPECT_EQ(
      complaint_of(run_plain({"evaluate", path("out"), "--set", "validation"})),
      "--data: the validation set must have the images that the run "
      "began with, got others in \"" +
          path("boxes") + "\" than in \"" + kept + "\"; restore them");
  EXPECT_EQ(run_plain({"evaluate", path("out"), "--device", "cpu"}).status, 0);
}

TEST_F(ExpandnetDetection, ComparesCompactAndExpandedNets) {
  const auto outcome = run(command(
      "compare", {"--epochs", "1", "--runs", "2", "--batch-norm", "true"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto variants = json("out/result.json")["variants"];
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0]["name"], "none");
  EXPECT_EQ(variants[1]["name"], "paper");
  EXPECT_EQ(variants[1]["test_map"].size(), 2U);
}

TEST_F(ExpandnetDetection, FitsAnchors) {
  const auto outcome =
      run_plain({"anchors", "--data", kScenes, "--count", "2"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(" boxes in 3 images, in cells of 7x7\nfitted: ("),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\nyolo-lite: (1.08, 1.19) (3.42, 4.41) "),
            std::string::npos)
      << outcome.out;
}

TEST_F(ExpandnetDetection, ShowsWhatItFindsInImages) {
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  const auto outcome =
      run_plain({"predict", path("out"), kScenes + "/JPEGImages",
                 kScenes + "/JPEGImages/000001.png", "--threshold", "0",
                 "--nms", "0.2", "--out", path("found"), "--device", "cpu"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(
                " objects in 7 images: " + path("found/index.html") + "\n"),
            std::string::npos)
      << outcome.out;
  const auto found = json("found/predictions.json");
  ASSERT_EQ(found.size(), 7U);
  EXPECT_EQ(found[0]["image"], kScenes + "/JPEGImages/000001.png");
  EXPECT_EQ(found[0]["width"], 48);
  ASSERT_GT(found[0]["objects"].size(), 0U);
  for (const auto& object : found[0]["objects"]) {
    const auto box = object["box"].get<std::vector<double>>();
    ASSERT_EQ(box.size(), 4U);
    EXPECT_GE(box[0], 0);
    EXPECT_LE(box[0] + box[2], 48 + 1e-9);
  }
  EXPECT_EQ(found[6]["objects"], found[0]["objects"]);
  EXPECT_EQ(content_of(folder_ / "found/000001.png").substr(1, 3), "PNG");
  EXPECT_TRUE(fs::exists(folder_ / "found/000001-2.png"));
  const auto page = content_of(folder_ / "found/index.html");
  EXPECT_NE(page.find("<image href=\"000006.png\" width=\"48\""),
            std::string::npos);

  const auto of_set =
      run_plain({"predict", path("out"), "--set", "test", "--count", "2",
                 "--out", path("of_set"), "--device", "cpu"});
  ASSERT_EQ(of_set.status, 0) << of_set.err;
  const auto both = json("of_set/predictions.json");
  ASSERT_EQ(both.size(), 2U);
  for (const auto& image : both) {
    ASSERT_GT(image["meant"].size(), 0U);
    EXPECT_EQ(image["meant"][0]["box"].size(), 4U);
  }
  EXPECT_NE(content_of(folder_ / "of_set/index.html")
                .find("class=\"meant\"><title>meant: "),
            std::string::npos);
  EXPECT_EQ(complaint_of(run_plain({"predict", path("out")})),
            "images: must be named, or --set, got none");

  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(complaint_of(run_plain({"predict", path("out"), path("empty")})),
            "predict: a folder must hold JPEG or PNG files, got none in \"" +
                path("empty") + "\"");
}

void annotate(const fs::path& file, const std::string& objects) {
  std::ofstream(file) << "<annotation><size><width>48</width><height>48"
                         "</height></size>"
                      << objects << "</annotation>";
}

TEST_F(ExpandnetDetection, NeedsAnObjectToFindWhereverItJudges) {
  put_in_folder(folder_ / "boxes/train", {"000001", "000002", "000003"});
  put_in_folder(folder_ / "boxes/test", {"000004"});
  const Words words = command("train", {"--epochs", "1", "--dataset", "folder",
                                        "--data", path("boxes")});
  ASSERT_EQ(run(words).status, 0);
  annotate(folder_ / "boxes/test/000004.xml", "");
  EXPECT_EQ(complaint_of(run_plain({"evaluate", path("out")})),
            "--data: the test set must have an object to find, got none in 1 "
            "image; name other lists, or complete the annotations");
}

TEST_F(ExpandnetDetection, RepeatsAnchorsWhereBoxesHaveFewShapes) {
  put_in_folder(folder_ / "boxes/train", {"000001", "000002", "000003"});
  for (const auto* name : {"000001", "000002", "000003"}) {
    annotate(folder_ / "boxes/train" / (std::string(name) + ".xml"),
             "<object><name>bag</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
             "<xmax>24</xmax><ymax>12</ymax></bndbox></object>");
  }
  const auto outcome =
      run(command("train", {"--epochs", "1", "--dataset", "folder", "--data",
                            path("boxes")}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("note: the boxes have 1 different shape, and the "
                             "net 5 anchors: some are repeated\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(content_of(folder_ / "out/anchors.txt"),
            "1 0.5\n1 0.5\n1 0.5\n1 0.5\n1 0.5\n");
}

TEST_F(ExpandnetDetection, FindsACutImageBeforeTheTraining) {
  put_in_folder(folder_ / "boxes/train", {"000001", "000002", "000003"});
  put_in_folder(folder_ / "boxes/test", {"000004"});
  const auto cut = folder_ / "boxes/test/000004.png";
  fs::resize_file(cut, fs::file_size(cut) - 200);
  const auto outcome =
      run(command("train", {"--epochs", "1", "--dataset", "folder", "--data",
                            path("boxes")}));
  EXPECT_NE(complaint_of(outcome).find(cut.string()), std::string::npos)
      << outcome.err;
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ExpandnetDetection, PredictsWhatCanBeDecodedAndReplacesNoImage) {
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  put_in_folder(folder_ / "images", {"000001", "000002"});
  const auto image = folder_ / "images/000001.png";
  const auto before = content_of(image);
  EXPECT_EQ(complaint_of(run_plain({"predict", path("out"), path("images"),
                                    "--out", path("images")})),
            "--out: what is written must not replace a file that is read, "
            "got \"" +
                image.string() + "\"; name another folder");
  EXPECT_EQ(content_of(image), before);
  fs::create_directories(folder_ / "others");
  fs::copy_file(image, folder_ / "others/000002.png");
  EXPECT_EQ(complaint_of(run_plain({"predict", path("out"), path("others"),
                                    "--out", path("images")})),
            "--out: what is written must replace nothing but earlier "
            "predictions, got \"" +
                path("images/000002.png") +
                "\" without predictions.json; name another folder");
  fs::resize_file(folder_ / "images/000002.png", 400);
  const Words words = {"predict",     path("out"), path("images"), "--out",
                       path("found"), "--device",  "cpu"};
  EXPECT_NE(run_plain(words).status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "found"));
  EXPECT_EQ(run_plain(joined(words, {"--faults", "skip"})).status, 0);
  EXPECT_EQ(json("found/predictions.json").size(), 1U);
  EXPECT_EQ(run_plain(joined(words, {"--faults", "skip"})).status, 0);
  const auto none = run_plain(
      {"predict", path("out"), path("images/000002.png"), "--faults", "skip"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err.substr(none.err.find('\n') + 1),
            "predict: there must be an image without faults, got none of 1; "
            "correct one of them\n");
}

TEST_F(ExpandnetDetection, SetsTrainingImagesApartToValidateOn) {
  const Words lists = {
      "--train-lists", "train",    "val",      "--val-images", "1",
      "--epochs",      "1",        "--select", "best",         "--anchors",
      "yolo-lite",     "--jitter", "0",        "--test-lists", "test"};
  const auto outcome = run(command("train", lists));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(": 3 training, 1 validation and 2 test images"),
            std::string::npos)
      << outcome.out;
  EXPECT_FALSE(fs::exists(folder_ / "out/anchors.txt"));
  EXPECT_EQ(run_plain({"evaluate", path("out"), "--device", "cpu", "--set",
                       "validation"})
                .out.rfind("1 images of the validation set: loss ", 0),
            0U);
}

TEST_F(ExpandnetDetection, TrainsAndEvaluatesByTwoProcesses) {
  if (EXPANDNET_HAS_GLOO == 0) GTEST_SKIP() << "this LibTorch has no Gloo";
  // Both have an image of each set.
  const Words words = command(
      "train", {"--epochs", "2", "--batch-size", "2", "--val-lists", "test"});
  for (const auto& outcome : run_two(words, words)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  const auto two = json("out/run.json");
  EXPECT_EQ(two["test_map"], two["epochs"].back()["validation_map"]);
  const Words evaluate = {
      EXPANDNET_DETECTION, "evaluate", path("out"), "--device", "cpu",
      "--threshold",       "0"};
  const auto alone = run(evaluate);
  ASSERT_EQ(alone.status, 0) << alone.err;
  const auto together = run_two(evaluate, evaluate);
  ASSERT_EQ(together[0].status, 0) << together[0].err;
  EXPECT_EQ(together[0].out, alone.out);
  EXPECT_EQ(together[1].out, "");
}

TEST_F(ExpandnetDetection, TrainsByTwoProcessesAsByOneWithSyncBatchNorm) {
  if (EXPANDNET_HAS_GLOO == 0) GTEST_SKIP() << "this LibTorch has no Gloo";
  const auto words = [&](const std::string& out) {
    return command("train",
                   {"--epochs", "1", "--batch-size", "2", "--val-lists", "test",
                    "--batch-norm", "true", "--sync-bn", "--seed", "1"},
                   out);
  };
  ASSERT_EQ(run(words("alone")).status, 0);
  for (const auto& outcome : run_two(words("out"), words("out"))) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  expect_close_runs("out", "alone");
  const Words resumed = {EXPANDNET_DETECTION, "train", "--resume", "--out",
                         path("out")};
  for (const auto& outcome : run_two(resumed, resumed)) {
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
}

TEST_F(ExpandnetDetection, RefusesWrongUsage) {
  const auto refusal = [&](const Words& more) {
    const auto outcome = run(command("train", more));
    EXPECT_NE(outcome.status, 0) << outcome.out;
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    return complaint_of(outcome);
  };
  EXPECT_EQ(refusal({"--image-size", "100"}),
            "--image-size: must be a multiple of 32, got 100");
  EXPECT_EQ(refusal({"--jitter", "0.5"}),
            "--jitter: must be below 0.5, got 0.5");
  EXPECT_EQ(refusal({"--saturation", "0.5"}),
            "--saturation: must be at least 1, got 0.5");
  EXPECT_EQ(refusal({"--init", "twin"}),
            "--init: must not be twin for this net; expanded modules, which a "
            "twin is made of, are written into a net");
  EXPECT_EQ(refusal({"--sync-bn"}),
            "--sync-bn: needs --batch-norm true, got false");
  // Flags of classifiers are none of its.
  for (const auto* flag :
       {"--teacher", "--distill", "--temperature", "--label-smoothing"}) {
    EXPECT_NE(refusal({flag, "1"}).find(flag), std::string::npos) << flag;
  }
  EXPECT_EQ(refusal({"--batch-size", "4"}),
            "--batch-size: must not be above the number of training images, "
            "got 4 for 3 in \"" +
                kScenes + "\"");
  EXPECT_EQ(refusal({"--train-lists", "train", "--select", "best"}),
            "--select: best, and a choice of values, need images to validate "
            "on, got none in \"" +
                kScenes +
                "\"; name --val-lists, or set some apart by --val-images");
  EXPECT_EQ(refusal({"--test-lists", "test", "test"}),
            "--test-lists: must name each image once, got \"" + kScenes +
                "/JPEGImages/000005.png\" again; name lists that share no "
                "image");
  EXPECT_EQ(refusal({"--train-lists", "some"}),
            "--data: must hold the list some, got no \"" + kScenes +
                "/ImageSets/Main/some.txt\"; name others by --train-lists, "
                "--val-lists and --test-lists");
  EXPECT_EQ(refusal({"--train-lists", "2012/trainval"}),
            "--data: must hold the year of 2012/trainval, got none in \"" +
                kScenes + "\"; name a year as 2012 or VOC2012");
  EXPECT_EQ(refusal({"--dataset", "folder", "--train-lists", "some"}),
            "--data: must hold the list some, got no \"" + kScenes +
                "/some\"; name others by --train-lists, --val-lists and "
                "--test-lists");
  EXPECT_EQ(refusal({"--dataset", "coco"}),
            "--data: must hold the list train2017, got no \"" + kScenes +
                "/annotations/instances_train2017.json\"; name others by "
                "--train-lists, --val-lists and --test-lists");
  EXPECT_EQ(refusal({"--train-lists", ""}),
            "--train-lists: must name a list, got \"\"");
  EXPECT_EQ(refusal({"--batch-norm", "true", "--image-size", "32",
                     "--batch-size", "1"}),
            "--batch-norm: must have more than one value of a channel to "
            "normalize, got one, of one image whose smallest feature map is "
            "1x1; give a larger --image-size or --batch-size, or --batch-norm "
            "false");
}

}  // namespace
}  // namespace expandnet::testing
