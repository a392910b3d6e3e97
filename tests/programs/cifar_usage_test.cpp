// The program expandnet-cifar: help, and what is refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "programs/cifar_program.h"

namespace expandnet::testing {
namespace {

namespace fs = std::filesystem;

class ExpandnetCifarUsage : public CifarProgramTest {};

TEST_F(ExpandnetCifarUsage, LeavesNoFolderThatStandsInTheWayOfABetterCommand) {
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
    EXPECT_EQ(outcome.status, 1) << more[0] << outcome.err;
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

TEST_F(ExpandnetCifarUsage, ExplainsItself) {
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

TEST_F(ExpandnetCifarUsage, RefusesWrongUsageWithStatus2) {
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
  EXPECT_EQ(refusal({"--expand", "rep+fc", "--init", "twin"}),
            "--init: twin needs layers that are single chains, got --expand "
            "rep+fc; use another start");
  EXPECT_EQ(refusal({"--strategy", "conv1=cl", "--init", "twin"}),
            "--strategy: needs nets that are expanded in weight space, got "
            "--init twin");
  EXPECT_EQ(refusal({"--strategy", "conv1=cl", "--expand", "none"}),
            "--strategy: needs a net that is expanded, got --expand none; name "
            "an expansion, and leave other layers out with \"*=none\"");
  EXPECT_EQ(refusal({"--strategy", "conv1"}),
            "--strategy: must be PATTERN=fc, cl, ck, orepa, acb, rep, cl+skip, "
            "ck+rep or none, got conv1");
  EXPECT_EQ(refusal({"--head", "new"}), "--head: needs --weights, got none");
  EXPECT_EQ(refusal({"--head-layer", "fc"}),
            "--head-layer: needs --weights or --lr-head, got none");
  EXPECT_EQ(refusal({"--net", "NET.PT", "--kernel", "5"}),
            "--kernel: is of smallnet, got 5 for NET.PT");
  EXPECT_EQ(refusal({"--net", "resnet18", "--kernel", "5"}),
            "--kernel: is of smallnet, got 5 for resnet18");
  EXPECT_EQ(refusal({"--net", "net.pt", "--first-layer", "widened"}),
            "--first-layer: is of the program's own nets, got widened for "
            "net.pt");
  EXPECT_EQ(refusal({"--weights-key", "model"}),
            "--weights-key: needs --weights, got none");
  EXPECT_EQ(refusal({"--freeze", "conv1", "--init", "twin"}),
            "--freeze: must not start from a twin, got --init twin");
  EXPECT_EQ(refusal({"--corrupt-labels", "1.5"}),
            "--corrupt-labels: must be from 0 to 1, got 1.5");
  EXPECT_EQ(refusal({"--threads", "99999999999"}),
            "--threads: must be from 0 to 1024, got 99999999999");
  EXPECT_EQ(refusal({"--lr-chains", "0", "--optimizer", "adamw"}),
            "--lr-chains: 0 measures steps of sgd, got adamw; give a number "
            "above 0");
  EXPECT_EQ(refusal({"--lr-chains", "0", "--init", "twin"}),
            "--lr-chains: 0 measures chains at their start, which --init twin "
            "replaces; give a number above 0");
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

TEST_F(ExpandnetCifarUsage, RefusesWhatItCannotUseWithStatus1) {
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
            "--resume: a run goes on as it was configured, got other values of "
            "epochs (3, now 4), lr (0.01, now 0.5) for \"" +
                path("out") +
                "\"; leave these flags out, or name another folder");
}

TEST_F(ExpandnetCifarUsage, TakesAFolderOfAnyName) {
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
          .rfind(
              "--resume: a run goes on as it was configured, got other values "
              "of lr (0.0123456789, now 0.0123456788) for ",
              0),
      0U);
}

TEST_F(ExpandnetCifarUsage, NamesTheFileThatIsDamaged) {
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

TEST_F(ExpandnetCifarUsage, NeedsAGpuForCuda) {
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
