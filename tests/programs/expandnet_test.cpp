// The program expandnet, and what the trainers' contract writes for others.
#include <ATen/CPUGeneratorImpl.h>
#include <expandnet/io/weights_file.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/types.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "programs/program_test.h"
#include "tools/expandnet/program.h"
#include "trainers/app/commands/program.h"
#include "trainers/cifar/cifar_trainer.h"

namespace expandnet::testing {
namespace {

/// Of the CPU alone: LibTorch's own starts CUDA, which copies of this process
/// could not use.
void manual_seed(std::uint64_t seed) {
  auto generator = at::detail::getDefaultCPUGenerator();
  generator.set_current_seed(seed);
}

class ExpandnetProgram : public ProgramTest {
 protected:
  static void SetUpTestSuite() {
    run_in_copies(EXPANDNET_CIFAR, [](int argc, const char* const* argv) {
      return examples::run_program(examples::CifarTrainer(), argc, argv);
    });
    run_in_copies(EXPANDNET_PROGRAM, examples::run_expandnet);
  }
  void SetUp() override {
    ProgramTest::SetUp();
    manual_seed(0);
    write_weights(chain(), path("chain.pth"));
  }
  /// A Sequential of a chain and a BatchNorm, as the paper's code saves it.
  static Weights chain() {
    return {{{"net.0.0.weight", torch::randn({12, 3, 1, 1})},
             {"net.0.1.weight", torch::randn({32, 12, 3, 3})},
             {"net.0.2.weight", torch::randn({8, 32, 1, 1})},
             {"net.0.3.weight", torch::ones({8})}},
            {}};
  }
  [[nodiscard]] Outcome run_plain(const Words& more) const {
    return run(joined({EXPANDNET_PROGRAM}, more));
  }
  /// An epoch of expandnet-cifar on the sample of Fashion-MNIST.
  [[nodiscard]] Outcome train(const std::string& out,
                              const Words& more = {}) const {
    return run(training(out, more));
  }
  static Words training(const std::string& out, const Words& more = {}) {
    return joined({EXPANDNET_CIFAR, "train",
                   "--dataset",     "fashion-mnist",
                   "--data",        std::string(EXPANDNET_EXAMPLES) + "/data",
                   "--expand",      "cl",
                   "--epochs",      "1",
                   "--validation",  "4500",
                   "--kernel",      "3",
                   "--threads",     "1",
                   "--device",      "cpu",
                   "--out",         out},
                  more);
  }
};

TEST_F(ExpandnetProgram, ContractsVerifiesAndSumsUp) {
  const auto contracted = run_plain(
      {"contract", path("chain.pth"), path("net.safetensors"), "--by-shape"});
  ASSERT_EQ(contracted.status, 0) << contracted.err;
  EXPECT_NE(contracted.out.find("net.0.0  CL 3 -> 12 -> 32 -> 8"),
            std::string::npos)
      << contracted.out;
  EXPECT_NE(contracted.out.find("saved " + path("net.safetensors") +
                                ": 2 tensors, 224 numbers\n"),
            std::string::npos)
      << contracted.out;
  EXPECT_EQ(contracted.out.rfind(
                "taken for chains by their shapes; with activations between "
                "them they are none:\n"
                "chain net.0.0: net.0.0, net.0.1, net.0.2\n",
                0),
            0U)
      << contracted.out;
  const auto weights = read_weights(path("net.safetensors"));
  EXPECT_EQ(weights.tensors.size(), 2U);

  const auto named = run_plain({"contract", path("chain.pth"),
                                path("named.pth"), "--chain", "net.0.0-2"});
  ASSERT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(
      run_plain({"verify", path("net.safetensors"), path("named.pth")}).status,
      0);

  const auto plain = run_plain({"summary", path("chain.pth")});
  EXPECT_NE(plain.out.find("15024 bytes\n0 chains found\n"), std::string::npos)
      << plain.out;
  const auto found = run_plain({"summary", path("chain.pth"), "--by-shape"});
  EXPECT_NE(found.out.find("net.0.1.weight  Float            13824 bytes  "
                           "[32, 12, 3, 3]\n"),
            std::string::npos)
      << found.out;
  EXPECT_NE(found.out.find("4 tensors, 3756 numbers, 15024 bytes\n"
                           "chain net.0.0: net.0.0, net.0.1, net.0.2\n"
                           "1 chain found by shape\n"),
            std::string::npos)
      << found.out;

  ASSERT_EQ(
      run_plain({"contract", path("chain.pth"), path("net.pt"), "--by-shape"})
          .status,
      0);
  const auto same =
      run_plain({"verify", path("net.safetensors"), path("net.pt")});
  EXPECT_EQ(same.status, 0);
  EXPECT_EQ(same.out,
            "2 tensors compared, largest relative difference 0.0e+00: equal\n");
  const auto other = run_plain({"verify", path("chain.pth"), path("net.pt")});
  EXPECT_EQ(other.status, 1);
  EXPECT_EQ(other.out,
            "net.0.0.weight: Float [12, 3, 1, 1], then Float [8, 3, 3, 3]\n"
            "net.0.1.weight: Float [32, 12, 3, 3], then Float [8]\n"
            "net.0.2.weight: only in the first\n"
            "net.0.3.weight: only in the first\n"
            "2 tensors compared, largest relative difference 0.0e+00: 4 "
            "differ\n");
}

TEST_F(ExpandnetProgram, SaysWhatItTookOffTheNames) {
  write_weights({{{"module.w", torch::ones({2})}}, {}}, path("w.pt"));
  const auto note = "note: " + path("w.pt") +
                    ": names without \"module.\", which a wrapper puts into "
                    "them\n";

  EXPECT_EQ(run_plain({"summary", path("w.pt")}).out,
            note +
                "w  Float                8 bytes  [2]\n"
                "1 tensors, 2 numbers, 8 bytes\n0 chains found\n");
  EXPECT_EQ(run_plain({"summary", path("w.pt"), "--keep-names"}).out,
            "module.w  Float                8 bytes  [2]\n"
            "1 tensors, 2 numbers, 8 bytes\n0 chains found\n");
  EXPECT_EQ(run_plain({"verify", path("w.pt"), path("w.pt")}).out,
            note + note +
                "1 tensors compared, largest relative difference 0.0e+00: "
                "equal\n");
}

TEST_F(ExpandnetProgram, ShowsHostileNamesAsText) {
  const std::string escape = "\x1b[2J";
  write_weights({{{escape + "w", torch::ones({2})}},
                 {{escape, std::string(100000, 'x')}}},
                path("w.safetensors"));

  EXPECT_EQ(run_plain({"summary", path("w.safetensors")}).out,
            "\\x1b[2Jw  Float                8 bytes  [2]\n"
            "1 tensors, 2 numbers, 8 bytes\nmetadata \\x1b[2J: " +
                std::string(256, 'x') + "...\n0 chains found\n");
  EXPECT_EQ(run_plain({"verify", path("w.safetensors"), path("chain.pth")})
                .out.find(escape),
            std::string::npos);
}

TEST_F(ExpandnetProgram, ShowsHowFarTensorsAreApart) {
  auto near = chain();
  manual_seed(0);
  near = chain();
  near.tensors[3].second = near.tensors[3].second.clone();
  near.tensors[3].second[0] += 0.25;
  write_weights(near, path("near.safetensors"));
  manual_seed(0);
  write_weights(chain(), path("one.safetensors"));
  const Words files = {"verify", path("one.safetensors"),
                       path("near.safetensors")};
  EXPECT_EQ(run_plain(files).out,
            "net.0.3.weight: a relative difference of 2.5e-01\n"
            "4 tensors compared, largest relative difference 2.5e-01: 1 "
            "differ\n");
  EXPECT_EQ(run_plain(joined(files, {"--tolerance", "0.3"})).status, 0);
}

TEST_F(ExpandnetProgram, ComparesWholeNumbersExactly) {
  const auto differ = [&](const at::Tensor& first, const at::Tensor& second) {
    write_weights({{{"w", first}}, {}}, path("first.pt"));
    write_weights({{{"w", second}}, {}}, path("second.pt"));
    return run_plain({"verify", path("first.pt"), path("second.pt"),
                      "--tolerance", "2"})
        .out;
  };
  const std::string other =
      "w: whole numbers that differ\n"
      "1 tensors compared, largest relative difference 0.0e+00: 1 differ\n";
  const auto beyond_double = torch::tensor({std::int64_t{1} << 53});

  EXPECT_EQ(differ(beyond_double, beyond_double + 1), other);
  EXPECT_EQ(differ(torch::tensor(1000000), torch::tensor(1000001)), other);
  EXPECT_EQ(differ(torch::tensor({true}), torch::tensor({false})), other);
  for (const auto dtype : {at::kUInt16, at::kUInt32, at::kUInt64}) {
    EXPECT_EQ(
        differ(torch::tensor({1}).to(dtype), torch::tensor({2}).to(dtype)),
        other);
    EXPECT_EQ(
        differ(torch::tensor({1}).to(dtype), torch::tensor({1}).to(dtype)),
        "1 tensors compared, largest relative difference 0.0e+00: "
        "equal\n");
  }
}

TEST_F(ExpandnetProgram, RefusesWrongUsageWithStatus2AndWrongFilesWith1) {
  EXPECT_EQ(run_plain({}).status, 2);
  EXPECT_EQ(run_plain({"contract", "a"}).status, 2);
  const auto misuse = [&](const Words& words) {
    const auto outcome = run_plain(words);
    EXPECT_EQ(outcome.status, 2);
    return complaint_of(outcome);
  };
  EXPECT_EQ(misuse({"contract", "a", "b.pt", "--tolerance", "-1"}),
            "--tolerance: must not be negative, got -1");
  for (const std::string command : {"contract", "verify"}) {
    EXPECT_EQ(misuse({command, "a", "b.pt", "--tolerance", "nan"}),
              "--tolerance: must be finite, got nan");
  }
  EXPECT_EQ(misuse({"contract", path("chain.pth"), path("net.onnx")}),
            "out: must end in .safetensors, .pt or .pth, got \"" +
                path("net.onnx") + "\"");
  EXPECT_EQ(misuse({"frobnicate"}),
            "expandnet: COMMAND must be contract, summary or verify, got "
            "\"frobnicate\"");
  EXPECT_EQ(misuse({"verify", "a", "b", "--tolerence", "0"}),
            "--tolerence is no flag of expandnet verify; did you mean "
            "--tolerance?");
  EXPECT_EQ(misuse({"verify", "a", "b", "c"}),
            "expandnet verify: must have no more arguments, got \"c\"");
  EXPECT_EQ(misuse({"--versio"}),
            "--versio is no flag of expandnet; did you mean --version?");
  EXPECT_EQ(run_plain({"--help"}).status, 0);
  EXPECT_EQ(run_plain({"--version"}).out.rfind("expandnet ", 0), 0);

  const auto refusal = [&](const Words& words) {
    const auto outcome = run_plain(words);
    EXPECT_EQ(outcome.status, 1);
    return complaint_of(outcome);
  };
  // Before anything is folded, and the table printed.
  const auto nowhere =
      run_plain({"contract", path("chain.pth"), path("nowhere/net.pt")});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_EQ(nowhere.out, "");
  EXPECT_EQ(complaint_of(nowhere),
            "cannot write \"" + path("nowhere/net.pt") +
                "\": No such file or directory; make the folder first");
  std::filesystem::create_directories(path("folder.pt"));
  EXPECT_EQ(refusal({"contract", path("chain.pth"), path("folder.pt")}),
            "AtomicFile: path must name a file, got the folder \"" +
                path("folder.pt") + "\"; name a file in it");
  ASSERT_EQ(
      run_plain({"contract", path("chain.pth"), path("net.pt"), "--by-shape"})
          .status,
      0);
  EXPECT_EQ(refusal({"contract", path("net.pt"), path("again.pt")}),
            "contract_weights: the weights must hold chains by name "
            "(<path>.chain.<i>.weight), got none; name them with --chain, or "
            "allow the search with --by-shape");
  EXPECT_FALSE(std::filesystem::exists(path("again.pt")));
  std::filesystem::resize_file(path("chain.pth"), 3000);
  EXPECT_EQ(refusal({"summary", path("chain.pth")})
                .rfind("\"" + path("chain.pth") + "\": ", 0),
            0U);
  std::ofstream(path("text.safetensors")) << "no weights at all";
  EXPECT_EQ(
      refusal({"summary", path("text.safetensors")}),
      "\"" + path("text.safetensors") +
          "\": a file of weights must be of safetensors or PyTorch, got "
          "one that begins with 6e 6f 20 77; pass a .safetensors, .pt or .pth "
          "file");
}

TEST_F(ExpandnetProgram, ContractsBlocksOfOtherSystems) {
  const auto fixture = [](const std::string& name) {
    return EXPANDNET_TESTS "/deploy/foreign/" + name + ".safetensors";
  };
  const auto told =
      run_plain({"contract", fixture("yolov7"), path("yolov7.safetensors")});
  ASSERT_EQ(told.status, 0) << told.err;
  EXPECT_NE(told.out.find("block.rbr_reparam  yolov7  rbr_dense, rbr_1x1, "
                          "rbr_identity  1.0e-03 "),
            std::string::npos)
      << told.out;
  EXPECT_NE(told.out.find("saved " + path("yolov7.safetensors") +
                          ": 4 tensors, 820 numbers\n"),
            std::string::npos)
      << told.out;

  // RepVGG and YOLOv6 differ in nothing but eps.
  const auto contract = [&](const std::string& out, const Words& more) {
    return run_plain(joined({"contract", fixture("repvgg"), path(out)}, more));
  };
  const auto asked = contract("none.pt", {});
  EXPECT_EQ(asked.status, 1);
  EXPECT_EQ(complaint_of(asked),
            "contract_foreign_blocks: the keys of a block must be of one "
            "system, got those of repvgg and yolov6 at \"block\"; name it with "
            "--system, since they differ in eps");
  EXPECT_FALSE(std::filesystem::exists(path("none.pt")));
  ASSERT_EQ(contract("repvgg.pt", {"--system", "repvgg"}).status, 0);
  ASSERT_EQ(
      contract("set.pt", {"--system", "yolov6", "--bn-eps", "1e-5"}).status, 0);
  ASSERT_EQ(contract("yolov6.pt", {"--system", "yolov6"}).status, 0);
  EXPECT_EQ(run_plain({"verify", path("repvgg.pt"), path("set.pt")}).status, 0);
  EXPECT_EQ(run_plain({"verify", path("repvgg.pt"), path("yolov6.pt")}).status,
            1);
  EXPECT_EQ(complaint_of(contract("none.pt", {"--system", "none"})),
            "contract_weights: the weights must hold chains by name "
            "(<path>.chain.<i>.weight), got none; name them with --chain, "
            "allow the search with --by-shape, or fold blocks of repvgg or "
            "yolov6 with --system");
  EXPECT_EQ(complaint_of(
                contract("none.pt", {"--system", "none", "--bn-eps", "1e-3"})),
            "--bn-eps: there must be blocks or pairs with BatchNorms, got none "
            "in \"" +
                fixture("repvgg") + "\"; leave it out, or add --fuse-bn");
  EXPECT_EQ(complaint_of(contract("none.pt", {"--fuse-bn"})),
            "contract_foreign_blocks: pairs of layer and BatchNorm need their "
            "eps, got none; give the net's with --bn-eps: no file says it");

  const auto end_of_summary = [&](const Words& words) {
    const auto out = run_plain(joined({"summary"}, words)).out;
    return out.substr(std::min(out.find("0 chains found\n"), out.size()));
  };
  EXPECT_EQ(end_of_summary({fixture("repvgg")}),
            "0 chains found\nblock block: repvgg or yolov6\n1 block of another "
            "system found\n");
  EXPECT_EQ(end_of_summary({fixture("yolov9")}),
            "0 chains found\n1 more has keys that other modules have, too: of "
            "yolov9, if --system says so\n");
  EXPECT_EQ(end_of_summary({fixture("repvgg"), "--system", "none"}),
            "0 chains found\n");
}

TEST_F(ExpandnetProgram, ContractsChainsWithinBlocks) {
  auto weights =
      read_weights(EXPANDNET_TESTS "/deploy/foreign/acb.safetensors");
  for (auto& [name, tensor] : weights.tensors) {
    if (name != "block.square_conv.weight") continue;
    name = "block.square_conv.chain.1.weight";
    tensor = torch::randn({16, 12, 3, 3});
  }
  weights.tensors.emplace_back("block.square_conv.chain.0.weight",
                               torch::randn({12, 3, 1, 1}));
  weights.tensors.emplace_back("block.square_conv.chain.2.weight",
                               torch::randn({4, 16, 1, 1}));
  write_weights(weights, path("both.safetensors"));

  const auto at_once = run_plain(
      {"contract", path("both.safetensors"), path("once.safetensors")});
  ASSERT_EQ(at_once.status, 0) << at_once.err;
  ASSERT_EQ(run_plain({"contract", path("both.safetensors"),
                       path("first.safetensors"), "--system", "none"})
                .status,
            0);
  ASSERT_EQ(run_plain({"contract", path("first.safetensors"),
                       path("second.safetensors")})
                .status,
            0);
  const auto same = run_plain(
      {"verify", path("once.safetensors"), path("second.safetensors")});
  EXPECT_EQ(same.status, 0) << same.out;
  EXPECT_EQ(read_weights(path("once.safetensors")).tensors.size(), 4U);
}

TEST_F(ExpandnetProgram, ContractsAMovingAverageAsTheTrainersDo) {
  for (const std::string execution : {"weight-space", "modules"}) {
    const auto out = path(execution);
    const auto trained = train(out, {"--execution", execution, "--ema", "0.5"});
    ASSERT_EQ(trained.status, 0) << trained.err;
    ASSERT_EQ(run({EXPANDNET_CIFAR, "contract", out, "--format", "safetensors"})
                  .status,
              0);
    const auto alone =
        run_plain({"contract", out + "/best.pt", path("average.safetensors")});
    ASSERT_EQ(alone.status, 0) << alone.err;
    for (const std::string file : {"weights.safetensors", "weights.pt"}) {
      const auto same =
          run_plain({"verify", (std::filesystem::path(out) / file).string(),
                     path("average.safetensors")});
      EXPECT_EQ(same.status, 0) << execution << "\n" << same.out << same.err;
    }

    ASSERT_EQ(run_plain({"contract", out + "/best.pt", path("last.safetensors"),
                         "--key", "model"})
                  .status,
              0);
    EXPECT_EQ(run_plain({"verify", path("last.safetensors"),
                         path("average.safetensors")})
                  .status,
              1);
  }
}

TEST_F(ExpandnetProgram, ReadsAndComparesWhatTheTrainersWrite) {
  const auto trained = train(path("out"));
  ASSERT_EQ(trained.status, 0) << trained.err;
  for (const std::string format : {"safetensors", "pt", "torchscript"}) {
    const auto written =
        run({EXPANDNET_CIFAR, "contract", path("out"), "--format", format});
    ASSERT_EQ(written.status, 0) << written.err;
  }
  const auto contract_to = [&](const std::string& file) {
    return run({EXPANDNET_CIFAR, "contract", path("out"), "--format",
                "safetensors", "--out", path(file)});
  };
  const auto misnamed = contract_to("net.pt");
  EXPECT_EQ(misnamed.status, 2);
  EXPECT_EQ(complaint_of(misnamed),
            "--out: must not end as another format does, got .pt for "
            "safetensors; name it .safetensors");
  EXPECT_EQ(contract_to("net.weights").status, 0);
  EXPECT_EQ(contract_to("nowhere/net.safetensors").out, "");
  for (const std::string file : {"weights.pth", "weights.safetensors"}) {
    const auto same =
        run_plain({"verify", path("out/weights.pt"), path("out/" + file)});
    EXPECT_EQ(same.status, 0) << same.out << same.err;
  }
  // From the checkpoint, without the program: folded exactly in both.
  ASSERT_EQ(
      run_plain({"contract", path("out/best.pt"), path("best.pth")}).status, 0);
  EXPECT_EQ(
      run_plain({"verify", path("out/weights.pt"), path("best.pth")}).status,
      0);

  auto net = torch::jit::load(path("out/net.torchscript.pt"));
  const auto images = torch::randn({5, 3, 32, 32});
  EXPECT_EQ(net.forward({images}).toTensor().sizes(),
            torch::IntArrayRef({5, 10}));
}

/// Programs whose writing fails, by tests/io/write_faults.cpp.
class WriteFaults : public ExpandnetProgram {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer has to be loaded first";
#endif
    ExpandnetProgram::SetUp();
    ASSERT_EQ(contract("", 0, "good.safetensors").status, 0);
    std::ofstream(path("net.safetensors")) << "old";
  }
  [[nodiscard]] Outcome run_with(const std::string& fault, int at,
                                 const Words& words) const {
    return run(
        joined({"/usr/bin/env", "LD_PRELOAD=" EXPANDNET_WRITE_FAULTS,
                "WRITE_FAULT=" + fault, "WRITE_FAULT_AT=" + std::to_string(at)},
               words));
  }
  [[nodiscard]] Outcome contract(const std::string& fault, int at,
                                 const std::string& out) const {
    return run_with(fault, at,
                    {EXPANDNET_PROGRAM, "contract", path("chain.pth"),
                     path(out), "--by-shape"});
  }
  [[nodiscard]] int files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      static_cast<void>(entry);
      ++count;
    }
    return count;
  }
};

TEST_F(WriteFaults, ShortAndInterruptedWritesEndInTheWholeFile) {
  for (const std::string fault : {"short", "eintr"}) {
    const auto outcome = contract(fault, 0, "net.safetensors");
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(content_of(folder_ / "net.safetensors") ==
                content_of(folder_ / "good.safetensors"))
        << fault;
  }
}

TEST_F(WriteFaults, FailuresOfAnyCallLeaveTheOldFileAndNoOther) {
  const auto before = files();
  const auto whole = content_of(folder_ / "good.safetensors");
  // The header, two tensors, fsync and rename.
  constexpr int kCalls = 5;
  for (int call = 1; call <= kCalls; ++call) {
    for (const std::string fault : {"eio", "enospc"}) {
      const auto outcome = contract(fault, call, "net.safetensors");
      EXPECT_EQ(outcome.status, 1) << fault << " at call " << call;
      EXPECT_NE(complaint_of(outcome).find(path("net.safetensors")),
                std::string::npos)
          << outcome.err;
      EXPECT_NE(complaint_of(outcome).find(fault == "eio"
                                               ? "Input/output error"
                                               : "No space left on device"),
                std::string::npos)
          << outcome.err;
      EXPECT_EQ(content_of(folder_ / "net.safetensors"), "old");
      EXPECT_EQ(files(), before);
    }
    const auto killed = contract("kill", call, "net.safetensors");
    EXPECT_EQ(killed.status, 128 + SIGKILL);
    EXPECT_EQ(content_of(folder_ / "net.safetensors"), "old");
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == ".tmp") {
        std::filesystem::remove(entry.path());
      }
    }
  }
  // There is no further call.
  EXPECT_EQ(contract("eio", kCalls + 1, "net.safetensors").status, 0);
  EXPECT_TRUE(content_of(folder_ / "net.safetensors") == whole);
}

TEST_F(WriteFaults, TheBestCheckpointIsACopyWhereThereAreNoLinks) {
  const auto trained = run_with("nolink", 0, training(path("run")));
  ASSERT_EQ(trained.status, 0) << trained.err;
  const auto last = folder_ / "run" / "last.pt";
  const auto best = folder_ / "run" / "best.pt";
  EXPECT_EQ(std::filesystem::hard_link_count(best), 1U);
  EXPECT_TRUE(content_of(best) == content_of(last));

  ASSERT_EQ(run(training(path("linked"))).status, 0);
  EXPECT_EQ(std::filesystem::hard_link_count(folder_ / "linked" / "best.pt"),
            2U);
}

}  // namespace
}  // namespace expandnet::testing
