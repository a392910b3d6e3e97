// The program expandnet-cifar: weights and nets that come from elsewhere.
#include <expandnet/data/sets/load_image_set.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "programs/cifar_program.h"
#include "python.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarNets : public CifarProgramTest {};

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
    const auto write = [&, of_set = part](const std::string& name,
                                          const std::string& bytes) {
      std::ofstream(folder / (of_set + name), std::ios::binary) << bytes;
    };
    write("-images-idx3-ubyte",
          std::string("\0\0\x08\x03", 4) + n + side + side + images_kept);
    write("-labels-idx1-ubyte",
          std::string("\0\0\x08\x01", 4) + n + labels_kept);
  }
}

/// What a net has learned of five classes helps with five others, and an
/// expansion that preserves it starts from the very same function.
TEST_F(ExpandnetCifarNets, FineTunesANetOfOtherClasses) {
  write_classes(folder_ / "first", 0, 4, 2000);
  write_classes(folder_ / "others", 5, 9, 1000);
  const auto train = [&](const std::string& images, const Words& more,
                         const std::string& out) {
    return run(
        joined({EXPANDNET_CIFAR, "train",      "--dataset",    "fashion-mnist",
                "--data",        path(images), "--kernel",     "3",
                "--validation",  "200",        "--batch-size", "32",
                "--lr",          "0.003",      "--schedule",   "constant",
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
TEST_F(ExpandnetCifarNets, TrainsANetFromPython) {
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
      "[2, 3] for two images; give it such a head in Python");
  EXPECT_EQ(
      complaint_of(run(command("train", {"--net", path("shared.pt")}, "no"))),
      "--net: the net must take images [2, 3, 32, 32], got an error "
      "(RuntimeError: mat1 and mat2 shapes cannot be multiplied (192x32 and "
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

/// A net that cannot train is refused before there is a folder, and a part that
/// does not is named.
TEST_F(ExpandnetCifarNets, SaysWhatDoesNotTrainInANetFromPython) {
  if (!python_has("torch")) GTEST_SKIP() << python_lacks("torch");
  const std::string script = EXPANDNET_TESTS "/deploy/python_scripts.py";
  ASSERT_TRUE(run_python({script, "write", path("")}, Complaints::kHidden));
  const auto train = [&](const std::string& net, const Words& more = {}) {
    return run(
        command("train", joined({"--net", path(net), "--epochs", "1"}, more)));
  };
  EXPECT_EQ(complaint_of(train("without_gradient.pt")),
            "--net: the loss must reach parameters that train, got outputs "
            "without a gradient; in Python, leave out no_grad, detach and "
            "quantization");
  EXPECT_EQ(complaint_of(train("one_image.pt")),
            "--net: the net must have outputs for each image, got [1, 10] for "
            "two images; let its forward take any number of images");
  EXPECT_EQ(complaint_of(train("frozen.pt", {"--expand", "none"})),
            "--net: the net must have parameters that train, got none; in "
            "Python, set requires_grad on some");
  EXPECT_EQ(complaint_of(train("tied.pt", {"--freeze", "*"})),
            "--freeze: the net must have parameters that train, got none; "
            "leave some out");
  EXPECT_EQ(complaint_of(train("half.pt")),
            "--net: the net must be of single precision, got Half in "
            "\"first.weight\"; in Python, save net.float()");
  EXPECT_EQ(complaint_of(train("bare_norm.pt", {"--freeze", "norm"})),
            "--freeze: a norm with statistics must have a weight to be frozen, "
            "got none in \"norm\"; in Python, make it with affine=True");
  EXPECT_FALSE(fs::exists(folder_ / "out"));

  fs::rename(path("half_used.pt"), path("HALF_USED.PT"));
  const auto half_used = train("HALF_USED.PT", {"--expand", "none"});
  ASSERT_EQ(half_used.status, 0) << half_used.err;
  EXPECT_NE(half_used.out.find("note: no gradient reaches unused.weight, "
                               "unused.bias: they keep their values\n"),
            std::string::npos)
      << half_used.out;
  EXPECT_NE(half_used.out.find("starts with validation "), std::string::npos)
      << half_used.out;
  // A layer that stands at two places has its parameters once.
  const auto result = json("out/result.json")["variants"][0];
  EXPECT_EQ(result["deploy_parameters"], 164);
  EXPECT_EQ(result["train_parameters"], 164);
}

/// Its layers are expanded as they are told, its runs are compared, and go on
/// to the same bits, though the net draws random numbers.
TEST_F(ExpandnetCifarNets, ComparesAndResumesNetsFromPython) {
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

/// The run has the weights that it began with: they may move, or change.
TEST_F(ExpandnetCifarNets, GoesOnWithoutTheFileOfItsWeights) {
  ASSERT_EQ(run(command("train", kShort, "source")).status, 0);
  fs::rename(path("source/weights.pt"), path("net.pt"));
  const Words tuned = {"--expand", "cl+fc", "--weights", path("net.pt"),
                       "--epochs", "2",     "--head",    "new"};
  ASSERT_EQ(run(command("train", tuned)).status, 0);
  const auto contract = [&] {
    const auto outcome =
        run_plain({"contract", path("out"), "--out", path("again.safetensors"),
                   "--format", "safetensors"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  };
  const auto before = contract();

  std::ofstream(path("net.pt")) << "others";
  EXPECT_EQ(contract(), before);
  fs::remove(path("net.pt"));
  EXPECT_EQ(contract(), before);
  const auto resumed = run(command("train", joined(tuned, {"--resume"})));
  EXPECT_EQ(resumed.status, 0) << resumed.err;
}

/// A run, and a net as a script.
TEST_F(ExpandnetCifarNets, GoesOnOnlyWithTheSameTeacher) {
  for (const auto& [folder, seed] :
       {std::pair{"teacher", "0"}, {"other", "5"}}) {
    const Words words = {"--epochs", "1", "--expand", "none", "--seed", seed};
    ASSERT_EQ(run(command("train", words, folder)).status, 0);
    ASSERT_EQ(
        run_plain({"contract", path(folder), "--format", "torchscript"}).status,
        0);
  }
  const std::map<std::string, std::string> changes = {
      {"teacher/net.torchscript.pt", "net.torchscript.pt"},
      {"teacher", "weights.pt"}};
  for (const auto& [teacher, file] : changes) {
    const auto words = Words{"--epochs",  "1",           "--expand", "none",
                             "--teacher", path(teacher), "--resume"};
    const auto train = [&, out = "by_" + file] {
      return run(command("train", words, out));
    };
    ASSERT_EQ(train().status, 0);
    ASSERT_EQ(train().status, 0);
    fs::copy_file(folder_ / "other" / file, folder_ / "teacher" / file,
                  fs::copy_options::overwrite_existing);
    EXPECT_EQ(complaint_of(train()),
              "--teacher: a run goes on with the teacher that it began with, "
              "got \"" +
                  path(teacher) +
                  "\", which has changed since; name another folder by --out");
  }
}

/// A run's folder and its net as a script teach the same.
TEST_F(ExpandnetCifarNets, DistilsFromAScript) {
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

}  // namespace
}  // namespace expandnet::testing
