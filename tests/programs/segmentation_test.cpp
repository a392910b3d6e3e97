// The program expandnet-segmentation, on the scenes that are committed.
#include <expandnet/data/images/image_file.h>
#include <expandnet/data/images/mask_file.h>
#include <expandnet/data/images/placement.h>
#include <expandnet/models/unet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "drawing/png_writer.h"
#include "programs/program_test.h"
#include "trainers/app/commands/program.h"
#include "trainers/segmentation/segmentation_trainer.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

const std::string kMaskedScenes =
    std::string(EXPANDNET_EXAMPLES) + "/data/scenes";

class ExpandnetSegmentation : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    run_in_copies(
        EXPANDNET_SEGMENTATION, [](int argc, const char* const* argv) {
          return examples::run_program(examples::SegmentationTrainer(), argc,
                                       argv, examples::segmentation_commands());
        });
  }
  [[nodiscard]] Words command(const std::string& name, const Words& more,
                              const std::string& out = "out",
                              const std::string& data = kMaskedScenes) const {
    return joined({EXPANDNET_SEGMENTATION, name, "--data", data, "--batch-size",
                   "3", "--crop", "32", "--width", "4", "--threads", "1",
                   "--device", "cpu", "--workers", "2", "--out", path(out)},
                  more);
  }
  [[nodiscard]] Outcome run_plain(const Words& more) const {
    return run(joined({EXPANDNET_SEGMENTATION}, more));
  }
};

TEST_F(ExpandnetSegmentation, TrainsEvaluatesAndContracts) {
  const auto outcome = run(command("train", {"--epochs", "3"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("U-Net of width 4 in crops of 32x32 on " +
                             kMaskedScenes +
                             ": 3 training, 1 validation and 2 test images of "
                             "11 classes\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(content_of(folder_ / "out/classes.txt"),
            content_of(kMaskedScenes + "/classes.txt"));
  const auto last = json("out/run.json")["epochs"].back();
  for (const auto* metric : {"mean_iou", "mean_recall", "pixel_accuracy"}) {
    EXPECT_GE(last[std::string("training_") + metric], 0) << metric;
    EXPECT_GE(last[std::string("validation_") + metric], 0) << metric;
  }
  const auto result = json("out/result.json")["variants"][0];
  EXPECT_GT(result["train_parameters"], result["deploy_parameters"]);
  EXPECT_LE(result["contraction_error"], 1e-12);

  const auto evaluated =
      run_plain({"evaluate", path("out"), "--device", "cpu"});
  ASSERT_EQ(evaluated.status, 0) << evaluated.err;
  EXPECT_EQ(evaluated.out.rfind("2 images of the test set: loss ", 0), 0U)
      << evaluated.out;
  for (const auto* metric : {", mIoU ", ", mRec ", ", mPrec ", ", accuracy "}) {
    EXPECT_NE(evaluated.out.find(metric), std::string::npos) << evaluated.out;
  }
  // A heading, and a line for each class.
  EXPECT_NE(evaluated.out.find("\nclass          IoU    recall      prec\n"),
            std::string::npos)
      << evaluated.out;
  EXPECT_EQ(std::count(evaluated.out.begin(), evaluated.out.end(), '\n'),
            2 + 11);

  for (const auto& [format, file] :
       {std::pair<std::string, std::string>{"libtorch", "again.pt"},
        {"safetensors", "net.safetensors"},
        {"pt", "net.pth"},
        {"torchscript", "script.pt"}}) {
    const auto contracted = run_plain(
        {"contract", path("out"), "--format", format, "--out", path(file)});
    EXPECT_EQ(contracted.status, 0) << format << contracted.err;
    EXPECT_GT(fs::file_size(folder_ / file), 400'000U) << format;
  }
  EXPECT_TRUE(content_of(folder_ / "again.pt") ==
              content_of(folder_ / "out/weights.pt"));

  // Of the last epoch, beside the weights of the run and not in place of them.
  const auto weights = content_of(folder_ / "out/weights.pt");
  const auto last_epoch =
      run_plain({"contract", path("out"), "--checkpoint", "last"});
  EXPECT_EQ(last_epoch.status, 0) << last_epoch.err;
  EXPECT_NE(last_epoch.out.find("saved " + path("out/last-weights.pt") + "\n"),
            std::string::npos)
      << last_epoch.out;
  EXPECT_TRUE(content_of(folder_ / "out/weights.pt") == weights);
  const auto checkpoint = content_of(folder_ / "out/last.pt");
  EXPECT_EQ(complaint_of(run_plain(
                {"contract", path("out"), "--out", path("out/last.pt")})),
            "--out: must not replace a file of the run, got \"" +
                path("out/last.pt") + "\"; name another file");
  EXPECT_TRUE(content_of(folder_ / "out/last.pt") == checkpoint);
}

TEST_F(ExpandnetSegmentation, EvaluatesInTilesAndBatchesWithTheSameResult) {
  ASSERT_EQ(run(command("train", {"--epochs", "1", "--up-sampling", "bilinear",
                                  "--batch-norm", "true"}))
                .status,
            0);
  const auto whole =
      run_plain({"evaluate", path("out"), "--device", "cpu"}).out;
  ASSERT_NE(whole.find("mIoU"), std::string::npos);
  for (const auto& more :
       {Words{"--batch-size", "1", "--workers", "1"}, Words{"--tile", "16"},
        Words{"--set", "test", "--tile", "32"}}) {
    EXPECT_EQ(
        run_plain(joined({"evaluate", path("out"), "--device", "cpu"}, more))
            .out,
        whole);
  }
  EXPECT_EQ(
      complaint_of(run_plain({"evaluate", path("out"), "--int8", "channel"})),
      "expandnet-segmentation: --int8 must be none: it takes images of "
      "one size, and whole ones have any, got channel");
}

/// A picture of noise, so wide that a tile sees a part of it, and blocks of two
/// classes.
void write_wide(const fs::path& folder, const std::string& name,
                std::uint32_t seed) {
  constexpr data::ImageSize kWide = {32, 480};
  std::mt19937 random(seed);
  const auto pixels = static_cast<std::size_t>(kWide.height * kWide.width);
  data::Image image = {kWide.height, kWide.width, {}};
  for (std::size_t i = 0; i < 3 * pixels; ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(random()));
  }
  std::vector<std::uint8_t> mask;
  for (std::size_t i = 0; i < pixels; ++i) mask.push_back(i / 40 % 2);
  for (const auto* kind : {"images", "masks"}) {
    fs::create_directories(folder / kind);
  }
  examples::write_png((folder / "images" / (name + ".png")).string(), image);
  examples::write_mask((folder / "masks" / (name + ".png")).string(), mask,
                       kWide);
}

TEST_F(ExpandnetSegmentation, EvaluatesTilesThatSeeAPartWithTheSameResult) {
  for (const auto* kind : {"transposed", "bilinear"}) {
    const auto options = models::UNetOptions().width(1).up_sampling(
        kind == std::string("bilinear") ? models::UpSampling::kBilinear
                                        : models::UpSampling::kTransposed);
    ASSERT_LT(16 + 2 * models::UNet(options)->receptive_radius(), 480);
    const auto data = std::string("wide_") + kind;
    const auto out = std::string("out_") + kind;
    write_wide(folder_ / data / "train", "a", 1);
    write_wide(folder_ / data / "test", "b", 2);
    std::ofstream(folder_ / data / "classes.txt") << "even\nodd\n";
    ASSERT_EQ(run(command("train",
                          {"--epochs", "2", "--batch-size", "1",
                           "--up-sampling", kind},
                          out, path(data)))
                  .status,
              0);
    const Words words = {"evaluate", path(out), "--device", "cpu"};
    const auto whole = run_plain(words).out;
    ASSERT_NE(whole.find("mIoU"), std::string::npos);
    for (const auto* side : {"16", "64"}) {
      EXPECT_EQ(run_plain(joined(words, {"--tile", side})).out, whole) << kind;
    }
  }
}

TEST_F(ExpandnetSegmentation, GoesOnAfterAKillToTheSameBits) {
  const Words long_run = {"--epochs",         "40",     "--class-weights",
                          "median-frequency", "--dice", "1",
                          "--tile",           "16"};
  const auto straight = run(command("train", long_run, "straight"));
  ASSERT_EQ(straight.status, 0) << straight.err;
  EXPECT_NE(straight.out.find("\nclass weights: ground "), std::string::npos)
      << straight.out;
  {
    Process process(command("train", long_run), folder_);
    ASSERT_TRUE(process.wait_for("  2/40  "));
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  const auto resumed =
      run(command("train", joined(long_run, {"--resume", "--workers", "1"})));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("out", "straight");
  EXPECT_EQ(json("out/run.json")["test_mean_iou"],
            json("straight/run.json")["test_mean_iou"]);
  const auto weights = content_of(folder_ / "out/class_weights.txt");
  EXPECT_EQ(std::count(weights.begin(), weights.end(), '\n'), 11) << weights;
}

TEST_F(ExpandnetSegmentation, GoesOnWithTheWeightsThatItBeganWith) {
  const Words weighted = {"--epochs", "1", "--class-weights",
                          "median-frequency"};
  ASSERT_EQ(run(command("train", weighted)).status, 0);
  std::ofstream(folder_ / "out/class_weights.txt") << "1\n";
  EXPECT_EQ(complaint_of(run(command("train", joined(weighted, {"--resume"})))),
            "--resume: a run goes on with the class weights that it began "
            "with, got others in --data than in \"" +
                path("out/class_weights.txt") + "\"");
}

TEST_F(ExpandnetSegmentation, ComparesCompactAndExpandedNets) {
  const auto outcome =
      run(command("compare", {"--epochs", "1", "--runs", "2", "--expand",
                              "none", "all", "--lr", "0.01", "0.02"}));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto variants = json("out/result.json")["variants"];
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0]["name"], "none");
  EXPECT_EQ(variants[1]["name"], "all");
  EXPECT_EQ(variants[1]["test_mean_iou"].size(), 2U);
}

TEST_F(ExpandnetSegmentation, WritesMasksAndOverlaysOfImages) {
  // The last --crop counts, as a whole.
  const auto trained = run(command("train", {"--epochs", "1", "--crop", "24"}));
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_NE(trained.out.find(" in crops of 24x24 on "), std::string::npos)
      << trained.out;
  const auto outcome =
      run_plain({"predict", path("out"), kMaskedScenes + "/JPEGImages",
                 kMaskedScenes + "/JPEGImages/000001.png", "--out",
                 path("found"), "--device", "cpu"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "masks of 7 images: " + path("found/masks") +
                ", and over the images: " + path("found/overlays") + "\n");
  const auto mask = data::read_mask(path("found/masks/000001.png"));
  EXPECT_EQ(mask.height, 48);
  EXPECT_EQ(mask.width, 48);
  EXPECT_LT(*std::max_element(mask.indices.begin(), mask.indices.end()), 11);
  EXPECT_EQ(data::read_mask(path("found/masks/000001-2.png")).indices,
            mask.indices);
  EXPECT_EQ(content_of(folder_ / "found/overlays/000006.png").substr(1, 3),
            "PNG");
  EXPECT_EQ(run_plain({"predict", path("out"),
                       kMaskedScenes + "/JPEGImages/000001.png", "--tile", "32",
                       "--out", path("tiled"), "--device", "cpu"})
                .status,
            0);
  EXPECT_EQ(data::read_mask(path("tiled/masks/000001.png")).indices,
            mask.indices);

  EXPECT_EQ(complaint_of(run_plain({"predict", path("out")})),
            "images: must be named, or --set, got none");
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(complaint_of(run_plain({"predict", path("out"), path("empty")})),
            "predict: a folder must hold JPEG or PNG files, got none in \"" +
                path("empty") + "\"");
}

TEST_F(ExpandnetSegmentation, ShowsWhatIsMeantBesideWhatItFinds) {
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  const auto outcome =
      run_plain({"predict", path("out"), "--set", "test", "--count", "1",
                 "--opacity", "1", "--out", path("found"), "--device", "cpu"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "masks of 1 image: " + path("found/masks") +
                ", and over the images: " + path("found/overlays") +
                ", beside what is meant: " + path("found/index.html") + "\n");
  // The first of the two test images.
  const auto page = content_of(folder_ / "found/index.html");
  const std::string image = kMaskedScenes + "/JPEGImages/000005.png";
  EXPECT_NE(page.find("<img src=\"overlays/000005.png\""), std::string::npos);
  EXPECT_NE(page.find("<img src=\"meant/000005.png\""), std::string::npos);

  const auto found = data::read_mask(path("found/masks/000005.png"));
  const auto meant =
      data::read_mask(kMaskedScenes + "/SegmentationClass/000005.png");
  std::int64_t right = 0, counted = 0;
  for (std::size_t i = 0; i < meant.indices.size(); ++i) {
    if (meant.indices[i] == 255) continue;
    ++counted;
    right += found.indices[i] == meant.indices[i] ? 1 : 0;
  }
  EXPECT_NE(
      page.find(fmt::format(
          "<figcaption>{}: {:.1f} % of the pixels", image,
          100. * static_cast<double>(right) / static_cast<double>(counted))),
      std::string::npos)
      << page;
  // In whole colours they are the masks.
  const auto file = data::ImageFile(path("found/meant/000005.png"));
  const auto picture =
      data::place(file, data::stretch(file.size(), file.size()));
  for (std::size_t i = 0; i < meant.indices.size(); ++i) {
    const auto& color = examples::voc_palette()[meant.indices[i]];
    ASSERT_TRUE(
        std::equal(color.begin(), color.end(), picture.pixels.begin() + 3 * i))
        << i;
  }
}

/// Makes a mask of the scenes one whose pixels are all ignored.
void ignore_all(const fs::path& mask) {
  examples::write_mask(mask.string(), std::vector<std::uint8_t>(48 * 48, 255),
                       {48, 48});
}

/// The scenes as two folders, and as Cityscapes has its files.
class OtherLayouts {
 public:
  explicit OtherLayouts(const fs::path& folder) : folder_(folder) {
    const fs::path scenes = kMaskedScenes;
    for (int i = 1; i <= 6; ++i) {
      const auto name = "00000" + std::to_string(i);
      const auto image = scenes / "JPEGImages" / (name + ".png");
      const auto mask = scenes / "SegmentationClass" / (name + ".png");
      const std::string part = i <= 4 ? "train" : "val";
      put(image, folder / "folders" / part / "images" / (name + ".png"));
      put(mask, folder / "folders" / part / "masks" / (name + ".png"));
      put(image, folder / "streets/leftImg8bit" / part / "ulm" /
                     (name + "_leftImg8bit.png"));
      put_ids(mask, folder / "streets/gtFine" / part / "ulm" /
                        (name + "_gtFine_labelIds.png"));
    }
    put(scenes / "classes.txt", folder / "folders/classes.txt");
  }

  /// In the folders, what is ignored becomes ground.
  void count_every_pixel() const {
    for (const auto* part : {"train", "val"}) {
      for (const auto& file :
           fs::directory_iterator(folder_ / "folders" / part / "masks")) {
        const auto mask = data::read_mask(file.path().string());
        std::vector<std::uint8_t> indices;
        for (const auto index : mask.indices) {
          indices.push_back(
              static_cast<std::uint8_t>(index == 255 ? 0 : index));
        }
        examples::write_mask(file.path().string(), indices,
                             {mask.height, mask.width});
      }
    }
  }

 private:
  static void put(const fs::path& from, const fs::path& to) {
    fs::create_directories(to.parent_path());
    fs::copy_file(from, to);
  }
  /// The ground becomes road, objects what is on it, and void unlabelled.
  static void put_ids(const fs::path& from, const fs::path& to) {
    const auto mask = data::read_mask(from.string());
    std::vector<std::uint8_t> ids;
    for (const auto index : mask.indices) {
      ids.push_back(static_cast<std::uint8_t>(index == 255 ? 0
                                              : index == 0 ? 7
                                                           : 23 + index));
    }
    fs::create_directories(to.parent_path());
    examples::write_mask(to.string(), ids, {mask.height, mask.width});
  }

  fs::path folder_;
};

TEST_F(ExpandnetSegmentation, StopsWithinAnEpochAndGoesOnToTheSameBits) {
  const OtherLayouts layouts(folder_);
  // An epoch of 64 steps: the signal comes within the second.
  const auto train = folder_ / "folders/train";
  for (int copy = 1; copy < 16; ++copy) {
    for (int i = 1; i <= 4; ++i) {
      for (const auto* kind : {"images", "masks"}) {
        fs::copy_file(train / kind / fmt::format("00000{}.png", i),
                      train / kind / fmt::format("{:02}{}.png", copy, i));
      }
    }
  }
  const Words words = {"--epochs", "4", "--batch-size", "1", "--dice", "1"};
  ASSERT_EQ(run(command("train", words, "straight", path("folders"))).status,
            0);
  {
    Process process(command("train", words, "out", path("folders")), folder_);
    ASSERT_TRUE(process.wait_for("  1/4  "));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  EXPECT_LT(log_of("out").size(), log_of("straight").size());
  const auto resumed =
      run_plain({"train", "--resume", "--workers", "1", "--out", path("out")});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetSegmentation, GoesOnWithTheImagesThatItBeganWith) {
  const OtherLayouts layouts(folder_);
  const Words words = command(
      "train", {"--epochs", "1", "--val-images", "1", "--batch-size", "1"},
      "out", path("folders"));
  ASSERT_EQ(run(words).status, 0);
  const auto train = folder_ / "folders/train";
  const auto kept = path("out/images.txt");
  const Words resume = {"train", "--resume", "--out", path("out")};
  const Words evaluate = {"evaluate", path("out"), "--device", "cpu", "--set"};
  const auto rule =
      "--resume: a run goes on with the images that it began with, got others "
      "in --data than in \"" +
      kept + "\"; restore them, or begin a new run by another --out";
  // Of more images another is drawn to validate on.
  for (const auto* kind : {"images", "masks"}) {
    fs::copy_file(train / kind / "000001.png", train / kind / "000000.png");
  }
  EXPECT_EQ(complaint_of(run_plain(resume)), rule);
  for (const std::string set : {"training", "validation"}) {
    const auto refusal = "--data: the " + set +
                         " set must have the images that the run began with, "
                         "got others in \"" +
                         path("folders") + "\" than in \"" + kept +
                         "\"; restore them";
    EXPECT_EQ(complaint_of(run_plain(joined(evaluate, {set}))), refusal);
    EXPECT_EQ(complaint_of(run_plain({"predict", path("out"), "--set", set,
                                      "--out", path("found")})),
              refusal);
  }
  EXPECT_EQ(run_plain(joined(evaluate, {"test"})).status, 0);
  // A run that began before there was this file goes on with what is there.
  const auto content = content_of(kept);
  fs::remove(kept);
  EXPECT_EQ(run_plain(resume).status, 0);
  EXPECT_NE(content_of(kept), content);
  std::ofstream(kept) << content;
  // Fewer have no such places as the checkpoint has.
  for (const auto* name : {"000000.png", "000001.png"}) {
    for (const auto* kind : {"images", "masks"}) {
      fs::remove(train / kind / name);
    }
  }
  EXPECT_EQ(complaint_of(run_plain(resume)), rule);
  // The folder itself may be moved.
  for (const auto* kind : {"images", "masks"}) {
    fs::copy_file(folder_ / "folders/val" / kind / "000005.png",
                  train / kind / "000001.png");
  }
  fs::rename(folder_ / "folders", folder_ / "moved");
  EXPECT_EQ(run_plain(joined(resume, {"--data", path("moved")})).status, 0);
}

TEST_F(ExpandnetSegmentation, GoesOnWithTheIndicesThatItBeganWith) {
  const OtherLayouts layouts(folder_);
  std::vector<std::string> names;
  std::istringstream lines(content_of(folder_ / "folders/classes.txt"));
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  // In the same order, of other indices.
  const auto write_classes = [&](std::size_t first, std::size_t second) {
    std::ofstream file(folder_ / "folders/classes.txt");
    for (std::size_t i = 0; i < names.size(); ++i) {
      file << (i == 1 ? first : i == 2 ? second : i) << ' ' << names[i] << '\n';
    }
  };
  write_classes(1, 2);
  ASSERT_EQ(
      run(command("train", {"--epochs", "1"}, "out", path("folders"))).status,
      0);
  const auto kept = path("out/indices.txt");
  EXPECT_EQ(content_of(kept).rfind("0 ground\n1 t-shirt\n2 trouser\n", 0), 0U)
      << content_of(kept);
  EXPECT_NE(content_of(kept).find("10 boot\n255 ignored\n"), std::string::npos);
  const Words resume = {"train", "--resume", "--out", path("out")};
  const Words evaluate = {"evaluate", path("out"), "--device", "cpu"};
  EXPECT_EQ(run_plain(resume).status, 0);
  const auto note =
      "note: the masks in \"" + path("folders") +
      "\" have other indices for the classes than those that were trained on, "
      "in \"" +
      kept + "\"\n";
  EXPECT_EQ(run_plain(evaluate).out.find(note), std::string::npos);

  write_classes(2, 1);
  EXPECT_EQ(complaint_of(run_plain(resume)),
            "--resume: a run goes on with the indices of the classes in the "
            "masks that it began with, got others in --data than in \"" +
                kept + "\"");
  for (const auto& words : {evaluate, Words{"predict", path("out"), "--set",
                                            "test", "--out", path("found")}}) {
    const auto outcome = run_plain(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find(note), std::string::npos) << outcome.out;
  }
  // A run that began before there was this file goes on with what is there.
  fs::remove(kept);
  EXPECT_EQ(run_plain(evaluate).out.find(note), std::string::npos);
  EXPECT_EQ(run_plain(resume).status, 0);
}

TEST_F(ExpandnetSegmentation, NotesThatIndex255IsAClass) {
  const OtherLayouts layouts(folder_);
  std::ofstream(folder_ / "folders/classes.txt", std::ios::app)
      << "ignored\n";  // index 11
  const auto trained = [&](const std::string& out) {
    const auto outcome =
        run(command("train", {"--epochs", "1"}, out, path("folders")));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  };
  const std::string note =
      "note: index 255 counts as a class: classes.txt names it, and not "
      "\"ignored\"\n";
  EXPECT_EQ(trained("ignored").find(note), std::string::npos);

  std::ofstream file(folder_ / "folders/classes.txt");
  for (int i = 0; i < 11; ++i) file << i << " class" << i << '\n';
  file << "255 void\n";
  file.close();
  EXPECT_NE(trained("void").find(note), std::string::npos);
  EXPECT_NE(content_of(folder_ / "void/classes.txt").find("void\n"),
            std::string::npos);
}

TEST_F(ExpandnetSegmentation, BeginsWhereAKilledRunLeftUnfinishedFiles) {
  const auto unfinished = folder_ / "out/.configuration.ini.5457.0.tmp";
  fs::create_directories(unfinished.parent_path());
  std::ofstream(unfinished) << "x";
  ASSERT_EQ(run(command("train", {"--epochs", "1"})).status, 0);
  EXPECT_FALSE(fs::exists(unfinished));

  const auto checkpoint = folder_ / "out/.last.pt.99999.12.tmp";
  std::ofstream(checkpoint) << "x";
  EXPECT_EQ(run_plain({"train", "--resume", "--out", path("out")}).status, 0);
  EXPECT_FALSE(fs::exists(checkpoint));

  fs::create_directories(folder_ / "other");
  std::ofstream(folder_ / "other/.notes.tmp") << "x";
  EXPECT_EQ(complaint_of(run(command("train", {"--epochs", "1"}, "other"))),
            "--out: must be a new or an empty folder, or hold a run to "
            "--resume, got \"" +
                path("other") + "\"");
}

TEST_F(ExpandnetSegmentation, ReadsFoldersAndCityscapes) {
  const OtherLayouts layouts(folder_);
  for (const auto* name : {"folders", "streets"}) {
    const auto data = path(name);
    const auto outcome = run(command("train",
                                     {"--epochs", "1", "--val-images", "1",
                                      "--faults", "skip", "--select", "best"},
                                     std::string("out_") + name, data));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_NE(outcome.out.find(": 3 training, 1 validation and 2 test images"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(run_plain({"evaluate", path(std::string("out_") + name),
                         "--device", "cpu", "--set", "validation"})
                  .out.rfind("1 images of the validation set: loss ", 0),
              0U);
  }
  EXPECT_EQ(content_of(folder_ / "out_streets/classes.txt").substr(0, 5),
            "road\n");
  // The classes of a run are those of its data.
  std::ofstream(folder_ / "folders/classes.txt") << "only\n";
  EXPECT_EQ(complaint_of(run_plain({"evaluate", path("out_folders")})),
            "--data: must have the classes of the run, in their order, got "
            "others in \"" +
                path("folders") + "\"");
}

TEST_F(ExpandnetSegmentation, ReadsAYearOfVocWithoutBoxes) {
  const auto year = folder_ / "voc/VOCdevkit/VOC2012";
  const fs::path scenes = kMaskedScenes;
  for (const auto* name :
       {"ImageSets/Segmentation", "JPEGImages", "SegmentationClass"}) {
    fs::create_directories(year / name);
    fs::copy(scenes / name, year / name);
  }
  fs::copy_file(scenes / "classes.txt", folder_ / "voc/classes.txt");
  const auto trained = [&](const Words& lists, const std::string& out) {
    return run(
        command("train", joined({"--epochs", "1"}, lists), out, path("voc")));
  };
  const auto usual = trained({}, "out");
  ASSERT_EQ(usual.status, 0) << usual.err;
  EXPECT_EQ(trained({"--train-lists", "VOC2012/train"}, "named").status, 0);
  for (const std::string list : {"2/train", "12/train", "C2012/train"}) {
    EXPECT_EQ(complaint_of(trained({"--train-lists", list}, "wrong")),
              "--data: must hold the year of " + list + ", got none in \"" +
                  path("voc") + "\"; name a year as 2012 or VOC2012");
  }
}

TEST_F(ExpandnetSegmentation, ReadsTheClassesOfAYearInTheDevkit) {
  const fs::path scenes = kMaskedScenes;
  for (const auto* year : {"VOC2011", "VOC2012"}) {
    fs::create_directories(folder_ / "voc/VOCdevkit");
    fs::copy(scenes, folder_ / "voc/VOCdevkit" / year,
             fs::copy_options::recursive);
  }
  const auto trained = [&](const Words& lists, const std::string& out) {
    return run(
        command("train", joined({"--epochs", "1"}, lists), out, path("voc")));
  };
  const auto classes = content_of(scenes / "classes.txt");
  ASSERT_EQ(trained({}, "usual").status, 0);
  EXPECT_EQ(content_of(folder_ / "usual/classes.txt"), classes);
  const Words both = {"--train-lists", "train", "--test-lists", "2012/test"};
  ASSERT_EQ(trained(both, "both").status, 0);
  EXPECT_EQ(content_of(folder_ / "both/classes.txt"), classes);

  const auto refusal =
      "--data: the years must have the same classes, got "
      "another classes.txt, or none, in \"" +
      path("voc/VOCdevkit/VOC2012") + "\" than in \"" +
      path("voc/VOCdevkit/VOC2011") + "\"; put one beside the years";
  fs::remove(folder_ / "voc/VOCdevkit/VOC2012/classes.txt");
  EXPECT_EQ(complaint_of(trained(both, "refused")), refusal);
  // One beside the years is for all.
  fs::copy_file(scenes / "classes.txt", folder_ / "voc/classes.txt");
  EXPECT_EQ(trained(both, "beside").status, 0);
}

TEST_F(ExpandnetSegmentation, NeedsAPixelToJudgeInEachSet) {
  const OtherLayouts layouts(folder_);
  const auto refusal = [&](const std::string& part) {
    return complaint_of(run(command("train", {"--epochs", "1"},
                                    "refused_" + part, path("folders"))));
  };
  const auto mask = folder_ / "folders/val/masks/000005.png";
  const auto kept = content_of(mask);
  ignore_all(mask);
  // One of two that can be judged is enough.
  ASSERT_EQ(run(command("train", {"--epochs", "1", "--batch-size", "1"}, "out",
                        path("folders")))
                .status,
            0);
  ignore_all(folder_ / "folders/val/masks/000006.png");
  const std::string rule =
      "--data: the test set must have a pixel of a class, got none in 2 masks; "
      "name other lists, or correct the masks";
  EXPECT_EQ(refusal("test"), rule);
  EXPECT_EQ(complaint_of(run_plain({"evaluate", path("out")})), rule);
  std::ofstream(mask, std::ios::binary) << kept;
  for (int i = 1; i <= 4; ++i) {
    ignore_all(folder_ / "folders/train/masks" /
               ("00000" + std::to_string(i) + ".png"));
  }
  EXPECT_EQ(refusal("training"),
            "--data: the training set must have a pixel of a class, got none "
            "in 4 masks; name other lists, or correct the masks");
}

TEST_F(ExpandnetSegmentation, SaysWhyASetHasNoPixel) {
  const OtherLayouts layouts(folder_);
  for (const auto* name : {"000005", "000006"}) {
    examples::write_mask(path("folders/val/masks/") + name + ".png",
                         std::vector<std::uint8_t>(48 * 48, 77), {48, 48});
  }
  EXPECT_EQ(
      complaint_of(run(command("train", {"--epochs", "1", "--faults", "skip"},
                               "out", path("folders")))),
      "--data: the test set must have a pixel of a class, got none in 2 "
      "masks (left out: read_labels: an index of a mask must have a "
      "class, got 77 at column 0, row 0 of \"" +
          path("folders/val/masks/000005.png") +
          "\"; correct the mask or give the class); name other lists, or "
          "correct the masks");
}

TEST_F(ExpandnetSegmentation, ShowsNoScoreOfAnEpochThatIsAllIgnored) {
  const OtherLayouts layouts(folder_);
  // One pixel in a corner counts, and no crop of this seed has it.
  std::vector<std::uint8_t> mask(48 * 48, 255);
  mask[0] = 0;
  for (int i = 1; i <= 4; ++i) {
    examples::write_mask(
        path(fmt::format("folders/train/masks/00000{}.png", i)), mask,
        {48, 48});
  }
  const auto outcome = run(command("train",
                                   {"--epochs", "1", "--batch-size", "1",
                                    "--crop", "16", "--min-scale", "2"},
                                   "out", path("folders")));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(json("out/run.json")["epochs"][0]["training_mean_iou"].is_null());
  EXPECT_EQ(outcome.out.find("nan"), std::string::npos) << outcome.out;
}

TEST_F(ExpandnetSegmentation, GoesOnAfterABatchWhosePixelsAreAllIgnored) {
  const OtherLayouts layouts(folder_);
  for (int i = 1; i <= 3; ++i) {
    ignore_all(folder_ / "folders/train/masks" /
               ("00000" + std::to_string(i) + ".png"));
  }
  for (const auto* seed : {"0", "1", "2"}) {
    const auto outcome = run(
        command("train", {"--epochs", "1", "--batch-size", "1", "--seed", seed},
                std::string("out") + seed, path("folders")));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
  }
}

TEST_F(ExpandnetSegmentation, FindsADamagedMaskBeforeTheTraining) {
  const OtherLayouts layouts(folder_);
  const auto mask = folder_ / "folders/val/masks/000006.png";
  examples::write_mask(mask.string(), std::vector<std::uint8_t>(48 * 48, 77),
                       {48, 48});
  const auto outcome =
      run(command("train", {"--epochs", "1"}, "out", path("folders")));
  EXPECT_EQ(complaint_of(outcome),
            "read_labels: an index of a mask must have a class, got 77 at "
            "column 0, row 0 of \"" +
                mask.string() + "\"; correct the mask or give the class");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ExpandnetSegmentation, SkipsABatchWithoutAnImageThatCanBeRead) {
  const OtherLayouts layouts(folder_);
  for (const auto* part : {"train/masks/000002", "val/masks/000006"}) {
    examples::write_mask(path("folders/") + part + ".png",
                         std::vector<std::uint8_t>(48 * 48, 77), {48, 48});
  }
  const auto outcome =
      run(command("train",
                  {"--epochs", "1", "--batch-size", "1", "--faults", "skip",
                   "--class-weights", "median-frequency"},
                  "out", path("folders")));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(content_of(folder_ / "out/skipped.txt"),
            path("folders/train/images/000002.png") + "\n" +
                path("folders/val/images/000006.png") + "\n");
  // Two steps would make one update.
  const auto together = run(command("train",
                                    {"--epochs", "1", "--batch-size", "1",
                                     "--faults", "skip", "--accumulate", "2"},
                                    "together", path("folders")));
  EXPECT_EQ(complaint_of(together).rfind(
                "Training: a batch must have an image that can be read "
                "where ranks train together or gradients are "
                "accumulated, got none in batch ",
                0),
            0U)
      << together.err;
  EXPECT_EQ(run_plain({"evaluate", path("out"), "--device", "cpu"})
                .out.rfind("1 images of the test set (1 more could not be "
                           "read): loss ",
                           0),
            0U);
}

TEST_F(ExpandnetSegmentation, NotesWhatItSkipsAndWhatSetsShare) {
  const OtherLayouts layouts(folder_);
  fs::remove(folder_ / "folders/train/masks/000002.png");
  const auto outcome =
      run(command("train",
                  {"--epochs", "1", "--faults", "skip", "--test-lists", "train",
                   "--train-lists", "train"},
                  "out", path("folders")));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto skipped =
      "note: skipped 1 time: an image must have its mask, first \"" +
      path("folders/train/images/000002.png") + "\", no \"" +
      path("folders/train/masks/000002.png") + "\"\n";
  const auto at = outcome.out.find(skipped);
  ASSERT_NE(at, std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find(skipped, at + 1), std::string::npos);
  EXPECT_NE(
      outcome.out.find("\nnote: 3 of the test images are trained on, too\n"),
      std::string::npos)
      << outcome.out;
}

TEST_F(ExpandnetSegmentation, NotesWhatItValidatesOn) {
  const OtherLayouts layouts(folder_);
  fs::copy(folder_ / "folders/val", folder_ / "folders/test",
           fs::copy_options::recursive);
  const auto chosen =
      run(command("train",
                  {"--epochs", "1", "--select", "best", "--val-images", "2",
                   "--train-lists", "train", "val", "--val-lists", "val"},
                  "out", path("folders")));
  ASSERT_EQ(chosen.status, 0) << chosen.err;
  EXPECT_NE(
      chosen.out.find("\nnote: 2 of the validation images are trained on, "
                      "too\nnote: --val-images 2 sets none apart: val is "
                      "there to validate on\n"),
      std::string::npos)
      << chosen.out;
}

TEST_F(ExpandnetSegmentation, KnowsImagesByWhereTheyAreNotByTheirPaths) {
  const OtherLayouts layouts(folder_);
  fs::create_directory_symlink("train", folder_ / "folders/link");
  const auto shared = run(command(
      "train",
      {"--epochs", "1", "--train-lists", "train", "--test-lists", "link"},
      "out", path("folders")));
  ASSERT_EQ(shared.status, 0) << shared.err;
  EXPECT_NE(
      shared.out.find("\nnote: 4 of the test images are trained on, too\n"),
      std::string::npos)
      << shared.out;
  EXPECT_EQ(complaint_of(run(command(
                "train", {"--epochs", "1", "--train-lists", "train", "link"},
                "twice", path("folders")))),
            "--train-lists: must name each image once, got \"" +
                path("folders/link/images/000001.png") +
                "\" again; name lists that share no image");
}

TEST_F(ExpandnetSegmentation, PredictsIntoNoDataSet) {
  const OtherLayouts layouts(folder_);
  ASSERT_EQ(
      run(command("train", {"--epochs", "1"}, "out", path("folders"))).status,
      0);
  const auto mask = folder_ / "folders/val/masks/000005.png";
  const auto before = content_of(mask);
  const auto into = [&](const Words& images, const std::string& out) {
    return run_plain(joined(joined({"predict", path("out")}, images),
                            {"--out", path(out), "--device", "cpu"}));
  };
  EXPECT_EQ(complaint_of(into({"--set", "test"}, "folders/val")),
            "--out: what is written must not replace a file that is read, got "
            "\"" +
                mask.string() + "\"; name another folder");
  EXPECT_EQ(complaint_of(into({path("folders/val/images")}, "folders/val")),
            "--out: what is written must replace nothing but earlier "
            "predictions, got \"" +
                path("folders/val/masks") +
                "\" without overlays; name another folder");
  EXPECT_EQ(content_of(mask), before);
  EXPECT_FALSE(fs::exists(folder_ / "folders/val/overlays"));
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(into({path("folders/val/images")}, "found").status, 0);
  }
  // The page of a set would show other masks under the shares of these.
  for (int times = 0; times < 2; ++times) {
    EXPECT_EQ(into({"--set", "test"}, "set").status, 0);
  }
  const auto page = content_of(folder_ / "set/index.html");
  EXPECT_EQ(complaint_of(into({path("folders/train/images")}, "set")),
            "--out: must not hold the page of a set, which would show what is "
            "written now, got \"" +
                path("set/index.html") + "\"; name another folder");
  EXPECT_EQ(content_of(folder_ / "set/index.html"), page);
}

TEST_F(ExpandnetSegmentation, LeavesDamagedMasksOutOfPredictions) {
  const OtherLayouts layouts(folder_);
  ASSERT_EQ(
      run(command("train", {"--epochs", "1"}, "out", path("folders"))).status,
      0);
  const auto damage = [&](const std::string& name) {
    const auto mask = folder_ / "folders/val/masks" / name;
    fs::resize_file(mask, fs::file_size(mask) - 20);
  };
  const Words words = {"predict", path("out"),   "--set",    "test",
                       "--out",   path("found"), "--device", "cpu"};
  damage("000006.png");
  EXPECT_NE(run_plain(words).status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "found"));
  const auto one = run_plain(joined(words, {"--faults", "skip"}));
  ASSERT_EQ(one.status, 0) << one.err;
  EXPECT_EQ(one.out.rfind("masks of 1 image: ", 0), 0U) << one.out;
  EXPECT_FALSE(fs::exists(folder_ / "found/masks/000006.png"));
  fs::copy_file(folder_ / "folders/val/images/000005.png", folder_ / "cut.png");
  fs::resize_file(folder_ / "cut.png", 400);
  const auto none =
      run_plain({"predict", path("out"), path("cut.png"), "--faults", "skip"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err.substr(none.err.find('\n') + 1),
            "predict: there must be an image without faults, got none of 1; "
            "correct one of them\n");
}

TEST_F(ExpandnetSegmentation, PredictsWhatCanBeDecodedAndReplacesNoImage) {
  ASSERT_EQ(run(command("train", {"--epochs", "1", "--crop", "24"})).status, 0);
  const auto images = folder_ / "images";
  fs::create_directories(images / "folder.png");
  std::ofstream(images / "._a.png") << "no image";
  const fs::path scenes = kMaskedScenes + "/JPEGImages";
  fs::copy_file(scenes / "000001.png", images / "a.Png");
  std::ofstream(images / "b.png", std::ios::binary)
      << content_of(scenes / "000002.png").substr(0, 400);
  const Words words = {"predict", path("out"),   images.string(),
                       "--out",   path("found"), "--device",
                       "cpu"};
  EXPECT_NE(run_plain(words).status, 0);
  EXPECT_FALSE(fs::exists(folder_ / "found"));
  const auto outcome = run_plain(joined(words, {"--faults", "skip"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("note: left out: "), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "found/overlays/a.png"));
  EXPECT_FALSE(fs::exists(folder_ / "found/overlays/b.png"));

  const auto before = content_of(folder_ / "found/overlays/a.png");
  EXPECT_EQ(
      complaint_of(run_plain({"predict", path("out"), path("found/./overlays"),
                              "--out", path("found")})),
      "--out: what is written must not replace a file that is read, "
      "got \"" +
          path("found/overlays/a.png") + "\"; name another folder");
  EXPECT_EQ(content_of(folder_ / "found/overlays/a.png"), before);
  EXPECT_EQ(
      complaint_of(run_plain({"predict", path("out"), path("found/overlays"),
                              "--out", path("found/masks/a.png")})),
      "cannot make \"" + path("found/masks/a.png/masks") +
          "\": Not a directory");
}

TEST_F(ExpandnetSegmentation, TrainsAndEvaluatesByTwoProcesses) {
  if (EXPANDNET_HAS_GLOO == 0) GTEST_SKIP() << "this LibTorch has no Gloo";
  // Both have an image of each set.
  const Words words = command(
      "train", {"--epochs", "2", "--batch-size", "2", "--val-lists", "test"});
  for (const auto& outcome : run_two(words, words)) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  const auto two = json("out/run.json");
  EXPECT_EQ(two["test_mean_iou"], two["epochs"].back()["validation_mean_iou"]);
  const Words evaluate = {EXPANDNET_SEGMENTATION, "evaluate", path("out"),
                          "--device", "cpu"};
  const auto alone = run(evaluate);
  ASSERT_EQ(alone.status, 0) << alone.err;
  const auto together = run_two(evaluate, evaluate);
  ASSERT_EQ(together[0].status, 0) << together[0].err;
  EXPECT_EQ(together[0].out, alone.out);
  EXPECT_EQ(together[1].out, "");
}

// Where every pixel counts, the mean of all is that of the processes' means.
TEST_F(ExpandnetSegmentation, TrainsByTwoProcessesAsByOneWithSyncBatchNorm) {
  if (EXPANDNET_HAS_GLOO == 0) GTEST_SKIP() << "this LibTorch has no Gloo";
  const OtherLayouts layouts(folder_);
  layouts.count_every_pixel();
  const auto words = [&](const std::string& out) {
    return command(
        "train",
        {"--epochs", "1", "--batch-size", "4", "--batch-norm", "true",
         "--sync-bn", "--min-scale", "1", "--max-scale", "1"},
        out, path("folders"));
  };
  ASSERT_EQ(run(words("alone")).status, 0);
  for (const auto& outcome : run_two(words("out"), words("out"))) {
    ASSERT_EQ(outcome.status, 0) << outcome.err;
  }
  expect_close_runs("out", "alone");
}

TEST_F(ExpandnetSegmentation, RefusesWrongUsage) {
  const auto refusal = [&](const Words& more) {
    const auto outcome = run(command("train", more));
    EXPECT_NE(outcome.status, 0) << outcome.out;
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    return complaint_of(outcome);
  };
  EXPECT_EQ(refusal({"--tile", "100"}),
            "--tile: must be a multiple of 16, got 100");
  EXPECT_EQ(refusal({"--max-scale", "0.25"}),
            "--max-scale: must not be below --min-scale, 0.5, got 0.25");
  EXPECT_EQ(refusal({"--max-scale", "1e300"}),
            "--max-scale: must be above 0 and at most 100, got 1e300");
  for (const std::string flag :
       {"--train-lists", "--val-lists", "--test-lists"}) {
    EXPECT_EQ(refusal({flag, ""}), flag + ": must name a list, got \"\"");
    EXPECT_EQ(refusal({flag, "--seed", "1"}),
              flag + ": must name a list, got \"--seed\"");
  }
  EXPECT_EQ(
      refusal({"--batch-norm", "true", "--crop", "16", "--batch-size", "1"}),
      "--batch-norm: must have more than one value of a channel to "
      "normalize, got one, of one image whose smallest feature map is "
      "1x1; give a larger --crop or --batch-size, or --batch-norm false");
  EXPECT_EQ(refusal({"--exposure", "0.5"}),
            "--exposure: must be at least 1, got 0.5");
  EXPECT_EQ(refusal({"--sync-bn"}),
            "--sync-bn: needs --batch-norm true, got false");
  EXPECT_EQ(refusal({"--init", "twin"}),
            "--init: must not be twin for this net; expanded modules, which a "
            "twin is made of, are written into a net");
  for (const auto* flag :
       {"--teacher", "--distill", "--temperature", "--label-smoothing"}) {
    EXPECT_NE(refusal({flag, "1"}).find(flag), std::string::npos) << flag;
  }
  EXPECT_EQ(run({"train", "--help"}).out.find("--int8"), std::string::npos);
  EXPECT_EQ(refusal({"--crop", "16", "33", "8"}),
            "--crop: must be one number or two, got 16 33 8");
  EXPECT_EQ(refusal({"--train-lists", "train", "val", "train"}),
            "--train-lists: must name each image once, got \"" + kMaskedScenes +
                "/JPEGImages/000001.png\" again; name lists that share no "
                "image");
  EXPECT_EQ(refusal({"--data", path("nowhere")}),
            "--data: must hold leftImg8bit of Cityscapes, a year of VOC, or "
            "classes.txt beside images and masks, got none of them in \"" +
                path("nowhere") + "\"");
  EXPECT_EQ(refusal({"--batch-size", "4"}),
            "--batch-size: must not be above the number of training images, "
            "got 4 for 3 in \"" +
                kMaskedScenes + "\"");
  EXPECT_EQ(refusal({"--train-lists", "train", "--select", "best"}),
            "--select: best, and a choice of values, need images to validate "
            "on, got none in \"" +
                kMaskedScenes +
                "\"; name --val-lists, or set some apart by --val-images");
  EXPECT_EQ(refusal({"--dataset", "cityscapes"}),
            "--data: must hold the list train, got no \"" + kMaskedScenes +
                "/leftImg8bit/train\"; name others by --train-lists, "
                "--val-lists and --test-lists");
}

}  // namespace
}  // namespace expandnet::testing
