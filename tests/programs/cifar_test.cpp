// The program expandnet-cifar, on small files of the formats it reads.
#include <expandnet/data/sets/load_image_set.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "programs/program_test.h"
#include "python.h"
#include "trainers/app/commands/program.h"
#include "trainers/cifar/cifar_trainer.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

/// One CIFAR-10 file: a label and 3 x 32 x 32 pixels for each image, whose
/// brightness tells the label, in noise.
void write_cifar10(const fs::path& path, int count, unsigned seed) {
  std::mt19937 random(seed);
  std::ofstream file(path, std::ios::binary);
  for (int i = 0; i < count; ++i) {
    const auto label = static_cast<unsigned>(i) % 10;
    file.put(static_cast<char>(label));
    for (int pixel = 0; pixel < 3072; ++pixel) {
      file.put(static_cast<char>(20UL * label + random() % 60));
    }
  }
}

/// expandnet-cifar as it may be later, with one flag more.
class LaterTrainer : public examples::CifarTrainer {
 public:
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override {
    return std::make_unique<LaterTrainer>(*this);
  }
  void add_flags(CLI::App& app) override {
    examples::CifarTrainer::add_flags(app);
    app.add_option("--manner", manner_);
    settings.absent["manner"] = "old";
  }

 private:
  std::string manner_ = "new";
};

/// Its net has a layer that cannot be expanded.
class FrozenTrainer : public examples::CifarTrainer {
 public:
  [[nodiscard]] std::unique_ptr<Trainer> clone() const override {
    return std::make_unique<FrozenTrainer>(*this);
  }
  [[nodiscard]] train::Model compact_net(std::int64_t classes) const override {
    auto model = examples::CifarTrainer::compact_net(classes);
    model.module->named_parameters()["conv2.weight"].set_requires_grad(false);
    return model;
  }
};

/// Runs `program` as a training program of its own.
template <typename OfProgram>
void run_trainer_in_copies(const std::string& program) {
  run_in_copies(program, [](int argc, const char* const* argv) {
    return examples::run_program(OfProgram(), argc, argv,
                                 examples::classifier_commands());
  });
}

/// A folder with five batches of 30 images, and 30 for the test.
class ExpandnetCifar : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    run_trainer_in_copies<examples::CifarTrainer>(EXPANDNET_CIFAR);
    run_trainer_in_copies<LaterTrainer>("later-cifar");
    run_trainer_in_copies<FrozenTrainer>("frozen-cifar");
  }
  void SetUp() override {
    ProgramTest::SetUp();
    fs::create_directories(folder_ / "data");
    for (unsigned i = 1; i <= 5; ++i) {
      write_cifar10(
          folder_ / "data" / ("data_batch_" + std::to_string(i) + ".bin"), 30,
          i);
    }
    write_cifar10(folder_ / "data" / "test_batch.bin", 30, 9);
  }
  /// A command on the data; one thread, so that all runs round alike.
  [[nodiscard]] Words command(const std::string& name, const Words& more,
                              const std::string& out = "out") const {
    return joined({EXPANDNET_CIFAR, name, "--data", path("data"), "--kernel",
                   "3", "--validation", "30", "--batch-size", "8", "--threads",
                   "1", "--device", "cpu", "--out", path(out)},
                  more);
  }
  [[nodiscard]] Outcome run_plain(const Words& more) const {
    return run(joined({EXPANDNET_CIFAR}, more));
  }
  /// The training loss of a run's last epoch.
  [[nodiscard]] double last_loss(const std::string& out) const {
    return json(out + "/run.json")["epochs"].back()["training_loss"];
  }
};

const Words kShort = {"--epochs", "3", "--expand", "cl+fc"};
/// Long enough to be interrupted in.
const Words kLong = {"--epochs",   "40",     "--expand",        "cl+fc",
                     "--schedule", "cosine", "--per-iteration", "true"};

TEST_F(ExpandnetCifar, TrainsContractsAndSaves) {
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

TEST_F(ExpandnetCifar, ShowsWhatThingsWouldCostWithoutATrace) {
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

TEST_F(ExpandnetCifar, ComparesVariantsAndSeeds) {
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

TEST_F(ExpandnetCifar, TrainsInEveryWay) {
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

TEST_F(ExpandnetCifar, TrainsThePapersNetsForImageNet) {
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

TEST_F(ExpandnetCifar, LeavesOutImagesAndCorruptsLabels) {
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
  ASSERT_EQ(notes.size(), 4U);  // two on what the chains of conv2 and 3 cost
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

/// The sample of Fashion-MNIST, but for images of other classes than these, in
/// `folder`; of the training images only the first `count`.
void write_classes(const fs::path& folder, std::int64_t first,
                   std::int64_t last, std::int64_t count) {
  fs::create_directories(folder);
  const std::string sample = std::string(EXPANDNET_EXAMPLES) + "/data";
  const auto number = [](std::size_t value) {
    std::string bytes;
    for (const auto shift : {24U, 16U, 8U, 0U}) {
      bytes += static_cast<char>(value >> shift & 0xffU);
    }
    return bytes;
  };
  for (const auto& [part, split] : {std::pair{"train", data::Split::kTrain},
                                    {"t10k", data::Split::kTest}}) {
    const auto set = data::load_fashion_mnist(sample, split);
    const auto* labels = set.labels.const_data_ptr<std::int64_t>();
    const auto* pixels = set.images.const_data_ptr<std::uint8_t>();
    const auto size = static_cast<std::size_t>(set.images[0].numel());
    std::string images_kept, labels_kept;
    for (std::int64_t i = 0; i < set.labels.size(0); ++i) {
      const bool is_full =
          split == data::Split::kTrain &&
          static_cast<std::int64_t>(labels_kept.size()) == count;
      if (labels[i] < first || labels[i] > last || is_full) continue;
      labels_kept += static_cast<char>(labels[i]);
      images_kept.append(reinterpret_cast<const char*>(pixels) +
                             static_cast<std::size_t>(i) * size,
                         size);
    }
    const auto n = number(labels_kept.size());
    const auto side = number(28);
    const auto write = [&](const std::string& name, const std::string& bytes) {
      std::ofstream(folder / (part + name), std::ios::binary) << bytes;
    };
    write("-images-idx3-ubyte",
          std::string("\0\0\x08\x03", 4) + n + side + side + images_kept);
    write("-labels-idx1-ubyte",
          std::string("\0\0\x08\x01", 4) + n + labels_kept);
  }
}

/// What a net has learned of five classes helps with five others, and an
/// expansion that preserves it starts from the very same function.
TEST_F(ExpandnetCifar, FineTunesANetOfOtherClasses) {
  write_classes(folder_ / "first", 0, 4, 2000);
  write_classes(folder_ / "others", 5, 9, 1000);
  const auto train = [&](const std::string& images, const Words& more,
                         const std::string& out) {
    return run(
        joined({EXPANDNET_CIFAR, "train",      "--dataset",    "fashion-mnist",
                "--data",        path(images), "--kernel",     "3",
                "--validation",  "200",        "--batch-size", "32",
                "--lr",          "0.03",       "--schedule",   "constant",
                "--threads",     "1",          "--device",     "cpu",
                "--out",         path(out)},
               more));
  };
  ASSERT_EQ(
      train("first", {"--epochs", "4", "--expand", "none"}, "source").status,
      0);
  // As another program leaves it: under a wrapper's names.
  auto weights = read_weights(path("source/weights.pt"));
  for (auto& item : weights.tensors) item.first = "module." + item.first;
  write_weights(weights, path("net.pth"));

  for (const std::string expand : {"none", "cl"}) {
    const Words once = {"--epochs", "1", "--expand", expand};
    const auto scratch = train("others", once, expand + "_scratch");
    ASSERT_EQ(scratch.status, 0) << scratch.err;
    const auto tuned = train("others",
                             joined(once, {"--weights", path("net.pth"),
                                           "--head", "new", "--lr-head", "3"}),
                             expand + "_tuned");
    ASSERT_EQ(tuned.status, 0) << tuned.err;
    EXPECT_NE(tuned.out.find("note: names without \"module.\", which a wrapper "
                             "puts into them\n"),
              std::string::npos)
        << tuned.out;
    EXPECT_NE(tuned.out.find("note: the head fc2 gets new values, for 10 "
                             "outputs; the file's is for 10 outputs\n"),
              std::string::npos)
        << tuned.out;
    const auto accuracy = [&](const std::string& out) {
      const auto result = json(out + "/result.json");
      return result["variants"][0]["test_accuracy"][0].get<double>();
    };
    EXPECT_GT(accuracy(expand + "_tuned"), accuracy(expand + "_scratch") + 0.05)
        << expand;
  }
  // The same first line for both: the expansion changes nothing.
  const auto start = [&](const std::string& expand) {
    const auto words = std::string("starts with validation ");
    const auto out = train("first",
                           {"--epochs", "1", "--expand", expand, "--weights",
                            path("net.pth")},
                           expand + "_start")
                         .out;
    const auto at = out.find(words);
    EXPECT_NE(at, std::string::npos) << out;
    return out.substr(at, out.find('\n', at) - at);
  };
  EXPECT_EQ(start("none"), start("cl"));
}

/// A net that was written in Python: trained, contracted, and back.
TEST_F(ExpandnetCifar, TrainsANetFromPython) {
  if (!python_has("torch")) GTEST_SKIP() << python_lacks("torch");
  const std::string script = EXPANDNET_TESTS "/deploy/python_scripts.py";
  ASSERT_TRUE(run_python({script, "write", path("")}, Complaints::kHidden));
  const auto of_net = [&](const std::string& name, const Words& more) {
    return run(command(name, joined({"--net", path("net.pt")}, more)));
  };

  const auto trained = of_net("train", {"--epochs", "1", "--rate", "1"});
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_NE(trained.out.find(path("net.pt") + " on cifar10: 120 training"),
            std::string::npos)
      << trained.out;
  const auto folder = path("out");
  const auto evaluated = run_plain({"evaluate", folder, "--data", path("data"),
                                    "--device", "cpu", "--threads", "1"});
  EXPECT_EQ(evaluated.status, 0) << evaluated.err;
  const auto contracted =
      run_plain({"contract", folder, "--out", path("back.pt"), "--format",
                 "torchscript"});
  ASSERT_EQ(contracted.status, 0) << contracted.err;
  Words names, names_back;
  for (const auto& item : read_weights(path("net.pt")).tensors) {
    names.push_back(item.first);
  }
  for (const auto& item : read_weights(path("back.pt")).tensors) {
    names_back.push_back(item.first);
  }
  EXPECT_EQ(names_back, names);

  EXPECT_EQ(complaint_of(of_net("train", {"--expand", "ck"})),
            "--expand: must be none or default for a net in a file, got ck");

  // The run has a copy, with which it goes on; another net is refused.
  const Words resume = {"--epochs", "1", "--rate", "1", "--resume"};
  fs::rename(path("net.pt"), path("moved.pt"));
  fs::rename(path("net_eval.pt"), path("net.pt"));
  EXPECT_EQ(complaint_of(of_net("train", resume)),
            "--net: a run goes on with the file that it began with, got \"" +
                path("net.pt") + "\", which is not \"" + path("out/script.pt") +
                "\"; name another folder by --out");
  fs::remove(path("net.pt"));
  const auto gone = of_net("train", resume);
  EXPECT_EQ(gone.status, 0) << gone.err;
  EXPECT_EQ(run_plain({"evaluate", folder, "--data", path("data"), "--device",
                       "cpu", "--threads", "1"})
                .out,
            evaluated.out);
  fs::rename(path("moved.pt"), path("net.pt"));
  const auto no_file = run(command("train", {"--net", path("no.pt")}, "no"));
  EXPECT_EQ(no_file.status, 1);
  EXPECT_EQ(no_file.err, "cannot open \"" + path("no.pt") +
                             "\": No such file or directory\n");
  EXPECT_EQ(
      complaint_of(run(command("train", {"--net", path("three.pt")}, "no"))),
      "--net: the net must have an output for each of the 10 classes, got "
      "[1, 3] for one image; give it such a head in Python");
  EXPECT_EQ(
      complaint_of(run(command("train", {"--net", path("shared.pt")}, "no"))),
      "--net: the net must take images [1, 3, 32, 32], got an error "
      "(RuntimeError: mat1 and mat2 shapes cannot be multiplied (96x32 and "
      "4x4))");
  const auto traced = complaint_of(
      run(command("train", {"--net", path("traced_training.pt")}, "no")));
  EXPECT_EQ(traced.rfind("train: a script must follow its mode, got a traced "
                         "one with aten::",
                         0),
            0U)
      << traced;
  EXPECT_FALSE(fs::exists(folder_ / "no"));
}

/// Its layers are expanded as they are told, its runs are compared, and go on
/// to the same bits, though the net draws random numbers.
TEST_F(ExpandnetCifar, ComparesAndResumesNetsFromPython) {
  if (!python_has("torch")) GTEST_SKIP() << python_lacks("torch");
  const std::string script = EXPANDNET_TESTS "/deploy/python_scripts.py";
  ASSERT_TRUE(run_python({script, "write", path("")}, Complaints::kHidden));
  const Words of_net = {
      "--net", path("net.pt"), "--strategy", "*=none", "blocks.*.conv=cl",
      "fc=fc", "--rate",       "1"};
  const auto compared = run(
      command("compare",
              joined(of_net, {"--epochs", "1", "--runs", "1", "--jobs", "2"}),
              "compared"));
  ASSERT_EQ(compared.status, 0) << compared.err;
  const auto variants = json("compared/result.json")["variants"];
  ASSERT_EQ(variants.size(), 2U);
  // blocks.0.conv 576, blocks.1.conv 72 and fc 144 numbers are compact.
  EXPECT_EQ(variants[0]["train_parameters"], variants[1]["deploy_parameters"]);
  EXPECT_GT(variants[1]["train_parameters"], variants[1]["deploy_parameters"]);

  const auto long_run = joined(of_net, {"--epochs", "40"});
  ASSERT_EQ(run(command("train", long_run, "straight")).status, 0);
  {
    Process process(command("train", long_run), folder_);
    ASSERT_TRUE(process.wait_for("  2/40  "));
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, 128 + SIGKILL);
  }
  const auto resumed = run(command("train", joined(long_run, {"--resume"})));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_same_run("out", "straight");
}

/// A run's folder and its net as a script teach the same.
TEST_F(ExpandnetCifar, DistilsFromAScript) {
  ASSERT_EQ(run(command("train", kShort, "teacher")).status, 0);
  ASSERT_EQ(run_plain({"contract", path("teacher"), "--format", "torchscript"})
                .status,
            0);
  const auto distil = [&](const std::string& teacher, const std::string& out) {
    const auto outcome = run(command(
        "train", {"--epochs", "2", "--expand", "none", "--teacher", teacher},
        out));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return last_loss(out);
  };
  const auto by_script =
      distil(path("teacher/net.torchscript.pt"), "by_script");
  EXPECT_NEAR(by_script, distil(path("teacher"), "by_run"), 1e-4 * by_script);
  ASSERT_EQ(
      run(command("train", {"--epochs", "2", "--expand", "none"}, "plain"))
          .status,
      0);
  EXPECT_GT(std::abs(last_loss("plain") - by_script), 1e-2 * by_script);
}

TEST_F(ExpandnetCifar, RunsTheDemoAndThePapersExperiment) {
  const std::string examples = EXPANDNET_EXAMPLES;
  const auto demo =
      run_plain({"compare", "--config", examples + "/trainers/cifar/demo.ini",
                 "--data", examples + "/data", "--epochs", "1", "--milestones",
                 "1", "--runs", "1", "--out", path("demo")});
  ASSERT_EQ(demo.status, 0) << demo.err;
  EXPECT_NE(demo.out.find("SmallNet 7x7 on fashion-mnist: 4500 training, 500 "
                          "validation and 2000 test images\n"),
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

TEST_F(ExpandnetCifar, ResumesToTheSameBitsAfterKills) {
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

/// confusion.jsonl of a run: epochs, each with its cosines.
std::vector<Json> epochs_in(const std::string& lines) {
  std::vector<Json> epochs;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    epochs.push_back(Json::parse(line));
  }
  return epochs;
}

TEST_F(ExpandnetCifar, MeasuresConfusionWithoutATrace) {
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
TEST_F(ExpandnetCifar, GoesOnMeasuringConfusion) {
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

TEST_F(ExpandnetCifar, AnalyzesAComparison) {
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
}

TEST_F(ExpandnetCifar, GoesOnAnalyzingAfterKills) {
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

TEST_F(ExpandnetCifar, NamesTheRunsThatItCannotAnalyze) {
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
            "--out: an analysis goes on as it was begun, got another steps (2, "
            "now 51), products (0, now 100) for \"" +
                path("analysis/out.json") +
                "\"; name another folder, or remove the file");
  EXPECT_EQ(refusal({path("out"), "--out", path("data/test_batch.bin")}),
            "--out: must be a folder that can be made, got \"" +
                path("data/test_batch.bin") + "\" (Not a directory)");
  fs::remove(folder_ / "out/weights.pt");
  EXPECT_EQ(refusal({path("out")}), "analyze: a run must be finished, got \"" +
                                        path("out") +
                                        "\"; finish it by --resume");
  fs::create_directories(folder_ / "many");
  fs::rename(folder_ / "out", folder_ / "many/out");
  fs::copy(folder_ / "many/out/configuration.ini",
           folder_ / "many/configuration.ini");
  EXPECT_EQ(refusal({path("many")}),
            "analyze: a comparison must have a finished run, got none in \"" +
                path("many") + "\"");
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

TEST_F(ExpandnetCifar, LeavesOutRunsOfAComparisonThatDiverge) {
  const Words words = {"--epochs", "2",           "--runs", "2",
                       "--expand", "none",        "cl",     "--lr",
                       "1e20",     "--optimizer", "sgd"};
  for (const auto* run_before : {"anew", "again"}) {
    const auto outcome = run(command("compare", words));
    ASSERT_EQ(outcome.status, 0) << run_before << outcome.err;
    EXPECT_NE(outcome.out.find("warning: 2 of 2 runs of cl diverged; its "
                               "numbers are those of the others\nwarning: 2 of "
                               "2 runs of compact diverged; its numbers are "
                               "those of the others\n"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(outcome.out.find("interrupted"), std::string::npos);
    const auto result = json("out/result.json");
    EXPECT_EQ(result["variants"][0]["test_accuracy"], Json({nullptr, nullptr}));
    EXPECT_TRUE(fs::exists(folder_ / "out/report.html"));
  }
}

/// From two rates to three, in any order: the compact runs stay.
TEST_F(ExpandnetCifar, AddsRatesInAnyOrder) {
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

TEST_F(ExpandnetCifar, ChoosesForEachVariantWhatItTrainsBestWith) {
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

TEST_F(ExpandnetCifar, GoesOnWithAGridAfterKills) {
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

TEST_F(ExpandnetCifar, FillsAFolderFromSeveralProcesses) {
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

TEST_F(ExpandnetCifar, SavesWhenItIsAskedToStop) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  for (const int signal : {SIGTERM, SIGINT}) {
    Process process(words, folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(signal);
    const auto outcome = process.wait();
    EXPECT_EQ(outcome.status, 128 + signal) << outcome.err;
    EXPECT_NE(outcome.out.find("interrupted; go on with --resume"),
              std::string::npos);
    EXPECT_EQ(json("out/result.json")["variants"][0]["test_accuracy"],
              Json({nullptr}));
    if (signal == SIGTERM) words.emplace_back("--resume");
  }
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  expect_same_run("out", "straight");
}

TEST_F(ExpandnetCifar, ResumesARunOfBeforeAFlag) {
  ASSERT_EQ(run(command("train", kLong, "straight")).status, 0);
  auto words = command("train", kLong);
  {
    Process process(words, folder_);
    ASSERT_TRUE(process.wait_for("/40"));
    process.send(SIGTERM);
    EXPECT_EQ(process.wait().status, 128 + SIGTERM);
  }
  words.front() = "later-cifar";
  words.emplace_back("--resume");
  const auto other = run(words);
  EXPECT_EQ(other.status, 1);
  EXPECT_EQ(complaint_of(other),
            "--resume: a run goes on as it was configured, got another manner "
            "(old, now new) for \"" +
                path("out") + "\"; name another folder");
  const auto outcome = run(joined(words, {"--manner", "old"}));
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

TEST_F(ExpandnetCifar, GoesOnAsWideAsARunBegan) {
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

TEST_F(ExpandnetCifar, NarrowsUnderSgd) {
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

TEST_F(ExpandnetCifar, SaysWhichLayersStayCompactAndWhy) {
  auto words = command("train", {"--epochs", "1", "--expand", "cl"});
  words.front() = "frozen-cifar";
  const auto outcome = run(words);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::string note =
      "\"conv2\" stays compact: frozen (requires_grad is false)";
  // And what the chain of conv3 costs: (r^2 16 + r 32) / (8 images x 4 x 4).
  const std::string cost =
      "conv3: fold and pull back count 300 % of the layer's own step at 8 "
      "images an update, ";
  EXPECT_NE(outcome.out.find("test images\nnote: " + note + "\nnote: " + cost),
            std::string::npos)
      << outcome.out;
  const auto notes = json("out/result.json")["notes"];
  ASSERT_EQ(notes.size(), 2);
  EXPECT_EQ(notes[0], note);
  const std::string found = notes[1];
  EXPECT_EQ(found.substr(0, cost.size()), cost);
  const std::string remedy =
      "a lower --rate, narrower widths, or a larger --batch-size or "
      "--accumulate make it less";
  EXPECT_NE(found.find(remedy), std::string::npos) << found;
}

TEST_F(ExpandnetCifar, KeepsItsRunWhenTheDiskIsFull) {
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

TEST_F(ExpandnetCifar, StopsAtALossThatIsNotFinite) {
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

TEST_F(ExpandnetCifar, LeavesNoFolderThatStandsInTheWayOfABetterCommand) {
  const std::vector<Words> wrong = {
      {"--accumulate", "16"}, {"--milestones", "3", "1"}, {"--rate", "1e9"}};
  const std::vector<Words> diverging = {
      {"--init", "twin", "--twin-epochs", "1", "--lr", "1e30"},
      {"--lr", "1e30"}};
  const Words cl = {"--epochs", "1", "--expand", "cl"};
  const auto compared = [&](const Words& more) {
    return command("compare",
                   joined(joined(cl, more), {"--runs", "2", "--jobs", "1"}));
  };
  const auto expect_nothing = [&](const Words& words, const Words& more) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.status, 1) << more[0] << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / "out")) << more[0];
  };
  for (const auto& more : wrong) {
    expect_nothing(command("train", joined(cl, more)), more);
    expect_nothing(compared(more), more);
  }
  for (const auto& more : diverging) {
    expect_nothing(command("train", joined(cl, more)), more);
    // A comparison says so, and goes on with a better rate.
    const auto outcome = run(compared(more));
    EXPECT_EQ(outcome.status, 0) << more[0] << outcome.err;
    EXPECT_NE(outcome.out.find("warning: 2 of 2 runs of cl diverged"),
              std::string::npos)
        << outcome.out;
    fs::remove_all(folder_ / "out");
  }
  const auto too_fast = command("train", joined(cl, {"--lr", "1e30"}));
  fs::create_directories(folder_ / "out");
  EXPECT_EQ(run(too_fast).status, 1);
  ASSERT_TRUE(fs::exists(folder_ / "out"));
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));

  ASSERT_EQ(run(command("train", cl)).status, 0);

  // Of a run that is gone on with, nothing is removed.
  auto configuration = content_of(folder_ / "out/configuration.ini");
  fs::remove_all(folder_ / "out");
  fs::create_directories(folder_ / "out");
  configuration.replace(configuration.find("lr=0.01"), 7, "lr=1e+30");
  std::ofstream(path("out/configuration.ini")) << configuration;
  const auto resumed = run(joined(too_fast, {"--resume"}));
  EXPECT_EQ(resumed.status, 1);
  EXPECT_NE(resumed.err.find("the loss must be finite"), std::string::npos)
      << resumed.err;
  EXPECT_TRUE(fs::exists(folder_ / "out/configuration.ini"));
}

TEST_F(ExpandnetCifar, ExplainsItself) {
  for (const auto* name : {"train", "compare"}) {
    const auto help = run_plain({name, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(default_in(help.out, "--epochs"), "150") << help.out;
  }
  EXPECT_NE(run_plain({"evaluate", "--help"}).out.find("--set"),
            std::string::npos);
  EXPECT_NE(run_plain({"contract", "--help"}).out.find("--checkpoint"),
            std::string::npos);
  const Words alone = {"/usr/bin/env", EXPANDNET_CIFAR};
  EXPECT_EQ(run(joined(alone, {"--help"})).status, 0);
  EXPECT_EQ(run(joined(alone, {"--version"})).out.rfind("expandnet ", 0), 0);
}

TEST_F(ExpandnetCifar, RefusesWrongUsageWithStatus2) {
  const auto refusal = [&](const Words& more) {
    const auto outcome = run(command("train", more));
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    return complaint_of(outcome);
  };
  EXPECT_EQ(complaint_of(run_plain({"tran"})),
            "expandnet-cifar: COMMAND must be train, compare, evaluate, "
            "contract or analyze, got \"tran\"");
  EXPECT_EQ(run_plain({}).status, 2);
  EXPECT_EQ(refusal({"--batch-size", "0"}),
            "--batch-size: must be positive, got 0");
  EXPECT_EQ(refusal({"--kernel", "4"}), "--kernel: must be odd, got 4");
  EXPECT_EQ(refusal({"--validation", "0"}),
            "--select: best needs validation images, got none; set some apart "
            "by --validation, or use last or test-best");
  EXPECT_EQ(refusal({"--net", "resnet18", "--execution", "chained"}),
            "--execution: expanded modules are written for smallnet, got "
            "resnet18; weight-space trains any net");
  EXPECT_EQ(refusal({"--net", "mobilenet_v2", "--expand", "cl"}),
            "--expand: must be none, paper, orepa, acb, rep, cl+skip for "
            "mobilenet_v2, got cl");
  EXPECT_EQ(refusal({"--expand", "paper"}),
            "--expand: paper is of mobilenet_v1, mobilenet_v2 and "
            "shufflenet_v2, got smallnet");
  EXPECT_EQ(refusal({"--decay-on", "fold", "--optimizer", "adamw"}),
            "--decay-on: fold adds to the gradient, as sgd's decay does, got "
            "adamw");
  EXPECT_EQ(refusal({"--decay-on", "fold", "--execution", "modules"}),
            "--decay-on: fold needs --execution weight-space, got modules");
  EXPECT_EQ(refusal({"--weights", "w.pt", "--execution", "modules"}),
            "--weights: needs --execution weight-space, got modules");
  EXPECT_EQ(refusal({"--strategy", "conv1=cl", "--execution", "modules"}),
            "--strategy: needs nets that are expanded in weight space, got "
            "--execution modules");
  EXPECT_EQ(refusal({"--strategy", "conv1=cl", "--init", "twin"}),
            "--strategy: needs nets that are expanded in weight space, got "
            "--init twin");
  EXPECT_EQ(refusal({"--strategy", "conv1=cl", "--expand", "none"}),
            "--strategy: needs a net that is expanded, got --expand none");
  EXPECT_EQ(refusal({"--strategy", "conv1"}),
            "--strategy: must be PATTERN=fc, cl, ck, orepa, acb, rep, cl+skip, "
            "ck+rep or none, got conv1");
  EXPECT_EQ(refusal({"--head", "new"}), "--head: needs --weights, got none");
  EXPECT_EQ(refusal({"--weights-key", "model"}),
            "--weights-key: needs --weights, got none");
  EXPECT_EQ(refusal({"--freeze", "conv1", "--init", "twin"}),
            "--freeze: must not start from a twin, got --init twin");
  EXPECT_EQ(refusal({"--corrupt-labels", "1.5"}),
            "--corrupt-labels: must be from 0 to 1, got 1.5");
  EXPECT_EQ(refusal({"--threads", "99999999999"}),
            "--threads: must be from 0 to 1024, got 99999999999");
  EXPECT_EQ(refusal({"--narrow", "on", "--optimizer", "adamw"}),
            "--narrow: is exact under sgd only, got on with adamw; use auto or "
            "off");
  EXPECT_EQ(refusal({"--confusion", "-1"}),
            "--confusion: must be from 0 to 1000000, got -1");
  EXPECT_EQ(complaint_of(run_plain({"analyze"})), "runs is required");
  EXPECT_EQ(complaint_of(run_plain({"analyze", "out", "--steps", "1"})),
            "--steps: must be from 2 to 1001, got 1");
  EXPECT_EQ(refusal({"--lr", "nan"}), "--lr: must be finite, got nan");
  const auto of_compare = [&](const Words& more) {
    return complaint_of(run(command("compare", more)));
  };
  EXPECT_EQ(of_compare({"--lr", "0.1", "0"}), "--lr: must be positive, got 0");
  EXPECT_EQ(of_compare({"--lr", "0.1", "0.2", "0.1"}),
            "--lr: must name each value once, got 0.1, 0.2, 0.1");
  EXPECT_EQ(of_compare({"--lr", "0.1", "0.2", "--validation", "0", "--select",
                        "last"}),
            "--validation: must set images apart to choose one of several "
            "values on, got 0");
  EXPECT_EQ(of_compare({"--lr", "0.1", "0.2", "--select", "test-best"}),
            "--select: must be best or last where values are chosen by the "
            "validation set, got test-best");
  EXPECT_EQ(refusal({"--milestones", "1", "inf"}),
            "--milestones: must be finite, got inf");
  EXPECT_EQ(
      refusal({"--expand", "cl", "fc"}),
      "--expand: must be one to train, got cl, fc; compare takes several");
  EXPECT_EQ(complaint_of(run_plain({"compare", "--expand", "cl", "fc", "cl"})),
            "--expand: must name each expansion once, got cl, fc, cl");
  EXPECT_EQ(refusal({"--epoch", "3"}),
            "--epoch is no flag of expandnet-cifar train; did you mean "
            "--epochs?");
  EXPECT_EQ(refusal({"--frobnicate=3"}),
            "--frobnicate is no flag of expandnet-cifar train");
  EXPECT_EQ(refusal({"more"}),
            "expandnet-cifar train: must have no more arguments, got \"more\"");
  std::ofstream(path("wrong.ini")) << "epoch=3\n";
  const auto config = [&](const std::string& name) {
    return refusal({"--config", path(name)});
  };
  EXPECT_EQ(config("wrong.ini"),
            "--config: must set flags of expandnet-cifar train, got \"" +
                path("wrong.ini") +
                "\" (\"epoch\" is none of them; did you mean epochs?)");
  std::ofstream(path("two.ini")) << "expand=[cl,fc]\n";
  EXPECT_EQ(
      config("two.ini"),
      "--expand: must be one to train, got cl, fc; compare takes several");
  std::ofstream(path("bytes.ini"))
      << "\x01\xff" << std::string(100, 'x') << "\n";
  EXPECT_EQ(config("bytes.ini"),
            "--config: must set flags of expandnet-cifar train, got \"" +
                path("bytes.ini") + "\" (\"??" + std::string(78, 'x') +
                "\"... is none of them)");
  EXPECT_EQ(config("none.ini"),
            "--config: must be a file, got \"" + path("none.ini") + "\"");
  std::ofstream(path("long.ini")) << std::string((1 << 20) + 1, '\n');
  EXPECT_EQ(config("long.ini"),
            "--config: must be a file of at most 1048576 bytes, got \"" +
                path("long.ini") + "\" of 1048577");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ExpandnetCifar, RefusesWhatItCannotUseWithStatus1) {
  const auto refusal = [&](const Words& words) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.status, 1) << outcome.err;
    return complaint_of(outcome);
  };
  const auto missing = refusal(command("train", {"--data", path("nowhere")}));
  EXPECT_EQ(missing.rfind("load_cifar10: ", 0), 0) << missing;
  EXPECT_NE(missing.find(path("nowhere")), std::string::npos) << missing;
  const auto other = refusal(command("train", {"--dataset", "fashion-mnist"}));
  EXPECT_NE(other.find("train-images-idx3-ubyte"), std::string::npos) << other;
  EXPECT_EQ(refusal(command("train", {"--validation", "150"})),
            "split: validation_count must be 0 to 149, got 150; leave images "
            "to train on");
  EXPECT_EQ(refusal(command("train", {"--teacher", path("nobody")})),
            "expandnet-cifar: a run's folder must hold configuration.ini, got "
            "\"" +
                path("nobody") + "\"; name one that train has made");
  EXPECT_EQ(refusal({EXPANDNET_CIFAR, "evaluate", path("data")}),
            "expandnet-cifar: a run's folder must hold configuration.ini, got "
            "\"" +
                path("data") + "\"; name one that train has made");
  EXPECT_FALSE(fs::exists(folder_ / "out"));

  EXPECT_EQ(refusal(command("train", kShort, "data")),
            "--out: must be a new or an empty folder, or hold a run to "
            "--resume, got \"" +
                path("data") + "\"");
  const auto file = path("data/test_batch.bin");
  EXPECT_EQ(refusal(command("train", kShort, "data/test_batch.bin")),
            "--out: must be a folder, got the file \"" + file + "\"");
  EXPECT_EQ(refusal(command("train", kShort, "data/test_batch.bin/x")),
            "--out: must be a folder that can be made, got \"" + file +
                "/x\" (Not a directory)");

  ASSERT_EQ(run(command("train", kShort)).status, 0);
  EXPECT_EQ(refusal(command("train", kShort)),
            "--out: must be a new or an empty folder, got a run in \"" +
                path("out") + "\"; go on with it by --resume");
  EXPECT_EQ(refusal(command("compare", kShort)),
            "--out: must be a new or an empty folder, or hold a comparison, "
            "got a run of train in \"" +
                path("out") + "\"; name another folder");
  auto words = command("train", {"--epochs", "4", "--expand", "cl+fc", "--lr",
                                 "0.5", "--resume"});
  EXPECT_EQ(refusal(words),
            "--resume: a run goes on as it was configured, got another epochs "
            "(3, now 4), lr (0.01, now 0.5) for \"" +
                path("out") + "\"; name another folder");
}

TEST_F(ExpandnetCifar, TakesAFolderOfAnyName) {
  const auto out = path("a \"b\" '#; \xff=[c]");
  auto words = command(
      "train", {"--epochs", "1", "--expand", "cl", "--lr", "0.0123456789"});
  words.insert(words.end(), {"--out", out});
  const auto trained = run(words);
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_EQ(run_plain({"evaluate", out}).status, 0);
  words.emplace_back("--resume");
  EXPECT_EQ(run(words).status, 0);
  words.insert(words.end(), {"--lr", "0.0123456788"});
  EXPECT_EQ(
      complaint_of(run(words))
          .rfind("--resume: a run goes on as it was configured, got another lr "
                 "(0.0123456789, now 0.0123456788) for ",
                 0),
      0U);
}

TEST_F(ExpandnetCifar, NamesTheFileThatIsDamaged) {
  ASSERT_EQ(run(command("train", kShort)).status, 0);
  auto bytes = content_of(path("out/weights.pt"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(path("out/weights.pt"), std::ios::binary) << bytes;
  EXPECT_TRUE(std::regex_match(
      run_plain({"evaluate", path("out"), "--device", "cpu"}).err,
      std::regex("expandnet-cifar: weights.pt must be whole and of this net, "
                 "got \"[^\"]*/out/weights.pt\" \\(\"[^\"]*/out/weights.pt\": "
                 "the bytes of \"[^\"]*\" must have the checksum of the "
                 "directory, got another; fetch the file or save it again"
                 "\\)\n")));

  auto result = json("out/run.json");
  for (const auto* name : {"weights.pt", "run.json", "best.pt"}) {
    std::ofstream(path("out") + "/" + name) << "something else";
  }
  auto words = command("train", kShort);
  words.emplace_back("--resume");
  const auto starts = [&](const Outcome& outcome, const std::string& start) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err.substr(0, start.size()), start);
  };
  starts(run_plain({"evaluate", path("out")}),
         "expandnet-cifar: weights.pt must be whole and of this net, got \"" +
             path("out/weights.pt") + "\" (");
  starts(run_plain({"contract", path("out")}),
         "Checkpoints: a checkpoint must be whole and of this library, got \"" +
             path("out/best.pt") + "\" (");
  starts(run(words), "--resume: the result of a run must be whole, got \"" +
                         path("out/run.json") + "\" (");
  result["seed"] = 7;
  std::ofstream(path("out/run.json")) << result;
  starts(run(words),
         "--resume: a result must be of the run in its folder, got one of "
         "cl+fc seed 7 in \"");
  std::ofstream(path("out/configuration.ini")) << "lr=1\nseed=0\nlr=2\n";
  starts(run(words), "--resume: a run must have its configuration, got \"" +
                         path("out/configuration.ini") +
                         "\" (a configuration must have each key once, got "
                         "\"lr\" again); name "
                         "another folder");
  std::ofstream(path("out/configuration.ini")) << "lr=much\n";
  starts(run_plain({"evaluate", path("out")}),
         "expandnet-cifar: " + path("out/configuration.ini") +
             " must be a run's configuration, got an error: ");
  std::ofstream(path("out/configuration.ini")) << "kernel=3\n";  // cut short
  starts(run_plain({"evaluate", path("out")}),
         "expandnet-cifar: " + path("out/configuration.ini") +
             " must be a run's configuration, whole, got none of its "
             "\"batch-size\"");
}

TEST_F(ExpandnetCifar, NeedsAGpuForCuda) {
  const auto outcome =
      run(command("train", {"--device", "cuda", "--epochs", "1"}));
  if (outcome.status == 0) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(complaint_of(outcome),
            "--device: cuda needs a GPU that LibTorch can use, got none; use "
            "cpu");
}

}  // namespace
}  // namespace expandnet::testing
