// Models from Python, as scripts: their tree, their training, their way back.
#include <ATen/core/grad_mode.h>
#include <expandnet/deploy/imported_script.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/sgd.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "files.h"
#include "python.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using Words = std::vector<std::string>;

/// Python takes seconds to start: it writes all of its files at once.
class ImportedScripts : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!python_has("torch")) return;
    folder_ = std::make_unique<ScratchFolder>();
    ASSERT_TRUE(run_script("write"));
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override {
    if (folder_ == nullptr) GTEST_SKIP() << python_lacks("torch");
    torch::manual_seed(0);
  }

  static bool run_script(const std::string& verb) {
    const std::string script = EXPANDNET_TESTS "/deploy/python_scripts.py";
    return run_python({script, verb, *folder_ / ""});
  }
  static std::string path(const std::string& name) { return *folder_ / name; }
  static ImportedScript read(const std::string& name) {
    return import_torchscript(path(name + ".pt"));
  }
  /// The input that Python gave the net, and its output in evaluation mode.
  static std::pair<at::Tensor, at::Tensor> stated(const std::string& name) {
    at::Tensor x, y;
    for (const auto& [key, tensor] :
         read_weights(path(name + "_xy.pt")).tensors) {
      (key == "x" ? x : y) = tensor;
    }
    return {x, y};
  }
  /// What import_torchscript says of the file, behind its path.
  static std::string refusal(const std::string& name) {
    const auto file = path(name + ".pt");
    std::string message;
    try {
      (void)import_torchscript(file);
    } catch (const c10::Error& error) {
      message = error.what_without_backtrace();
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    const auto begin = "\"" + file + "\"";
    return message.rfind(begin, 0) == 0 ? message.substr(begin.size())
                                        : message;
  }

  static std::unique_ptr<ScratchFolder> folder_;  ///< null without Python
};

std::unique_ptr<ScratchFolder> ImportedScripts::folder_;

template <typename Layer>
const typename Layer::ContainedType& layer_at(const ImportedScript& net,
                                              const std::string& path) {
  return dynamic_cast<const typename Layer::ContainedType&>(
      *net->named_modules()[path]);
}

TEST_F(ImportedScripts, ComputeWhatPythonDoes) {
  for (const auto* name : {"net", "net_eval", "kinds", "shared", "traced"}) {
    auto net = read(name);
    net->eval();
    const auto [x, y] = stated(name);
    EXPECT_LE(relative_error(net->forward(x), y), 1e-6) << name;  // fp32
  }
}

TEST_F(ImportedScripts, HaveTheKeysAndTensorsOfTheScript) {
  auto net = read("net");
  Words parameters, buffers;
  for (const auto& item : net->named_parameters()) {
    parameters.push_back(item.key());
  }
  for (const auto& item : net->named_buffers()) buffers.push_back(item.key());

  EXPECT_EQ(parameters,
            (Words{"stem.weight", "stem.bias", "blocks.0.conv.weight",
                   "blocks.0.norm.weight", "blocks.0.norm.bias",
                   "blocks.1.conv.weight", "blocks.1.norm.weight",
                   "blocks.1.norm.bias", "fc.weight", "fc.bias", "head.weight",
                   "head.bias"}));
  EXPECT_EQ(
      buffers,
      (Words{"scale", "blocks.0.norm.running_mean", "blocks.0.norm.running_var",
             "blocks.0.norm.num_batches_tracked", "blocks.1.norm.running_mean",
             "blocks.1.norm.running_var",
             "blocks.1.norm.num_batches_tracked"}));
  // What is written here is what the script computes with.
  const auto [x, y] = stated("net");
  const at::NoGradGuard no_grad;
  for (const auto& tensor : net->parameters()) tensor.zero_();
  EXPECT_EQ(net->forward(x).abs().max().item<float>(), 0);
}

TEST_F(ImportedScripts, HaveTheLayersOfLibTorch) {
  auto net = read("net");
  const auto& stem = layer_at<torch::nn::Conv2d>(net, "stem").options;
  EXPECT_EQ(stem.in_channels(), 3);
  EXPECT_EQ((*stem.kernel_size())[1], 5);
  EXPECT_EQ((*stem.stride())[0], 2);
  EXPECT_TRUE(
      std::holds_alternative<torch::enumtype::kReflect>(stem.padding_mode()));
  const auto& conv = layer_at<torch::nn::Conv2d>(net, "blocks.1.conv").options;
  EXPECT_EQ(conv.groups(), 8);
  EXPECT_FALSE(conv.bias());
  EXPECT_TRUE(std::holds_alternative<torch::enumtype::kSame>(conv.padding()));
  EXPECT_EQ(layer_at<torch::nn::Linear>(net, "head").options.out_features(),
            10);
}

/// Each layer, run by itself, is the one that Python has.
TEST_F(ImportedScripts, HaveLayersThatRunByThemselves) {
  auto net = read("kinds");
  const auto [x, y] = stated("kinds");
  auto modules = net->named_modules();
  const auto run = [&](auto layer, const std::string& name,
                       const at::Tensor& input) {
    using Layer = decltype(layer);
    return dynamic_cast<typename Layer::ContainedType&>(*modules[name])
        .forward(input);
  };
  auto h = run(torch::nn::Conv1d(nullptr), "conv1", x);
  h = run(torch::nn::ConvTranspose1d(nullptr), "up1", h).unflatten(2, {3, 4});
  h = run(torch::nn::Conv2d(nullptr), "conv2", h);
  h = run(torch::nn::ConvTranspose2d(nullptr), "up2", h).unsqueeze(2);
  h = run(torch::nn::Conv3d(nullptr), "conv3", h);
  h = run(torch::nn::ConvTranspose3d(nullptr), "up3", h).flatten(2).mean(2);

  EXPECT_LE(relative_error(run(torch::nn::Linear(nullptr), "fc", h), y), 1e-6);

  const auto reflected = read("net");
  const auto& stem = layer_at<torch::nn::Conv2d>(reflected, "stem");
  auto plain = torch::nn::Conv2d(
      torch::nn::Conv2dOptions(3, 8, 5).stride(2).padding(2).padding_mode(
          torch::kReflect));
  const at::NoGradGuard no_grad;
  plain->weight.copy_(stem.weight);
  plain->bias.copy_(stem.bias);
  const auto images = stated("net").first;
  auto& own = const_cast<torch::nn::Conv2dImpl&>(stem);
  EXPECT_TRUE(own.forward(images).equal(plain->forward(images)));
}

/// TorchScript makes copies of a part that stands at several places, which
/// share its tensors.
TEST_F(ImportedScripts, ShareWhatPythonShares) {
  auto net = read("shared");
  const auto parameters = net->named_parameters();

  const auto* first = parameters.find("first.weight");
  ASSERT_NE(first, nullptr);
  EXPECT_TRUE(first->is_same(parameters["again.weight"]));
  EXPECT_TRUE(first->is_same(parameters["tied.weight"]));
  const auto expansion =
      expand(*net, [](const std::string&, const torch::nn::Module&) {
        return std::optional(ExpansionOptions(Strategy::kFC));
      });
  EXPECT_EQ(expansion.size(), 1U);
  EXPECT_EQ(
      expansion.notes(),
      (Words{"\"again\" stays compact: shares its weight with \"first\"",
             "\"tied\" stays compact: shares its weight with \"first\""}));
}

TEST_F(ImportedScripts, FollowTheirMode) {
  auto net = read("net");
  const auto x = stated("net").first;
  EXPECT_TRUE(net->is_training());
  EXPECT_FALSE(read("net_eval")->is_training());
  const auto mean = net->named_buffers()["blocks.0.norm.running_mean"];
  const auto before = mean.clone();

  EXPECT_FALSE(net->forward(x).equal(net->forward(x)));  // dropout
  EXPECT_FALSE(mean.equal(before));

  net->eval();
  const auto after = mean.clone();
  EXPECT_TRUE(net->forward(x).equal(net->forward(x)));
  EXPECT_TRUE(mean.equal(after));
  net->train();
  EXPECT_FALSE(net->forward(x).equal(net->forward(x)));
}

TEST_F(ImportedScripts, KeepWhatIsFrozen) {
  auto net = read("net");
  const auto x = stated("net").first;
  auto parameters = net->named_parameters();
  for (const auto* name : {"blocks.0.norm.weight", "blocks.0.norm.bias"}) {
    parameters[name].set_requires_grad(false);
  }
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, tensor] : weights_of(*net).tensors) {
    before[name] = tensor.detach().clone();
  }
  ExpansionOptions options(Strategy::kCL);
  auto expansion =
      expand(*net, options.rate(2).initial_values(InitialValues::kPreserving));
  torch::optim::SGD optimizer(
      expansion.parameters(),
      torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(0.1));

  net->train();
  for (int step = 0; step < 3; ++step) {
    expansion.zero_grad();
    net->forward(x).square().sum().backward();
    expansion.step(optimizer);
  }

  for (const auto& [name, tensor] : weights_of(*net).tensors) {
    const bool stays = name.rfind("blocks.0.norm.", 0) == 0 || name == "scale";
    EXPECT_EQ(tensor.equal(before.at(name)), stays) << name;
  }
}

/// What a script does is decided by its tensors, not by its classes.
TEST_F(ImportedScripts, KeepFrozenNormsOfAnyClass) {
  auto net = read("own");
  const auto x = stated("own").first;
  const auto mean = net->named_buffers()["norm.running_mean"];
  const auto before = mean.clone();
  auto weight = net->named_parameters()["norm.weight"];

  weight.set_requires_grad(false);
  net->train();
  (void)net->forward(x);
  EXPECT_TRUE(mean.equal(before));

  weight.set_requires_grad(true);
  net->train();
  (void)net->forward(x);
  EXPECT_FALSE(mean.equal(before));
}

TEST_F(ImportedScripts, SayWhichLayersHaveClassesOfTheirOwn) {
  for (const auto* name : {"own", "traced_own"}) {
    EXPECT_EQ(read(name)->notes(),
              (Words{"\"conv\" stays compact: its class OwnConv is "
                     "none of torch.nn's layers",
                     "\"fc\" stays compact: its class OwnLinear is "
                     "none of torch.nn's layers"}))
        << name;
  }
  EXPECT_EQ(read("net")->notes(), Words());
}

TEST_F(ImportedScripts, MoveToAnotherDtype) {
  auto net = read("kinds");
  const auto [x, y] = stated("kinds");

  net->to(torch::kDouble);

  const auto wide = net->forward(x.to(torch::kDouble));
  EXPECT_EQ(wide.scalar_type(), torch::kDouble);
  EXPECT_LE(relative_error(wide, y.to(torch::kDouble)), 1e-6);
}

at::Tensor loss_of(ImportedScript net, const at::Tensor& x,
                   const at::Tensor& target) {
  return torch::nn::functional::cross_entropy(net->forward(x), target);
}

/// A net from Python is expanded without a change of its outputs, trained,
/// contracted, and goes back to Python with its code and keys.
TEST_F(ImportedScripts, TrainInWeightSpaceAndReturnToPython) {
  auto net = read("net");
  net->eval();
  const auto [x, y] = stated("net");
  ExpansionOptions options;
  options.rate(2).initial_values(InitialValues::kPreserving);
  auto expansion =
      expand(*net, default_selector(*net, options.strategy(Strategy::kCL)));
  EXPECT_EQ(expansion.size(), 3U);
  EXPECT_LE(relative_error(net->forward(x), y), 1e-5);  // fp32 factors

  net->train();
  torch::optim::SGD optimizer(expansion.parameters(), 0.05);
  const auto target = torch::randint(10, {x.size(0)});
  const auto first = loss_of(net, x, target).item<float>();
  for (int step = 0; step < 30; ++step) {
    expansion.zero_grad();
    loss_of(net, x, target).backward();
    expansion.step(optimizer);
  }
  EXPECT_LT(loss_of(net, x, target).item<float>(), 0.5F * first);
  expansion.contract();

  net->eval();
  const auto report = export_torchscript(net, x, path("out.pt"));
  EXPECT_EQ(report.error, 0);
  // The order of Python's state_dict.
  std::string keys = "scale\n";
  for (const auto& item : net->named_children()) {
    for (const auto* block : {"0", "1"}) {
      if (item.key() != "blocks") break;
      for (const auto* key :
           {"conv.weight", "norm.weight", "norm.bias", "norm.running_mean",
            "norm.running_var", "norm.num_batches_tracked"}) {
        keys += "blocks." + std::string(block) + "." + key + "\n";
      }
    }
    if (item.key() == "blocks") continue;
    keys += item.key() + ".weight\n" + item.key() + ".bias\n";
  }
  write_bytes(path("out_keys.txt"), keys);
  torch::serialize::OutputArchive pair;
  pair.write("x", x, /*is_buffer=*/true);
  pair.write("y", net->forward(x).detach(), /*is_buffer=*/true);
  pair.save_to(path("out_xy.pt"));
  EXPECT_TRUE(run_script("check"));
}

TEST_F(ImportedScripts, KeepTheirStateInCheckpoints) {
  auto net = read("net"), other = read("net");
  const auto [x, y] = stated("net");
  {
    const at::NoGradGuard no_grad;
    for (const auto& tensor : net->parameters()) tensor.mul_(0.5);
  }
  torch::serialize::OutputArchive out;
  net->save(out);
  out.save_to(path("checkpoint.pt"));
  torch::serialize::InputArchive in;
  in.load_from(path("checkpoint.pt"));

  other->load(in);

  net->eval();
  other->eval();
  EXPECT_TRUE(other->forward(x).equal(net->forward(x)));
  EXPECT_GT(relative_error(other->forward(x), y), 1e-2);
}

TEST_F(ImportedScripts, OfTracesHaveTheGroupsOfTheirGraph) {
  auto net = read("traced");
  const auto [x, y] = stated("traced");

  EXPECT_EQ(layer_at<torch::nn::Conv2d>(net, "conv").options.groups(), 4);
  EXPECT_EQ(layer_at<torch::nn::ConvTranspose2d>(net, "mix").options.groups(),
            2);
  net->train();
  auto expansion = expand(
      *net,
      default_selector(*net, ExpansionOptions(Strategy::kCL)
                                 .rate(2)
                                 .initial_values(InitialValues::kPreserving)));
  EXPECT_EQ(expansion.size(), 2U);
  EXPECT_LE(relative_error(net->forward(x), y), 1e-5);
}

TEST_F(ImportedScripts, OfTracesWithAModeDoNotTrain) {
  auto net = read("traced_mode");
  const auto [x, y] = stated("traced_mode");

  EXPECT_LE(relative_error(net->forward(x), y), 1e-6);
  net->eval();
  const auto error = error_of([&] { net->train(); });
  EXPECT_TRUE(error ==
                  "train: a script must follow its mode, got a traced one "
                  "with aten::dropout, as it was when traced; save it "
                  "with torch.jit.script" ||
              error ==
                  "train: a script must follow its mode, got a traced one "
                  "with aten::batch_norm, as it was when traced; save it "
                  "with torch.jit.script")
      << error;
  EXPECT_FALSE(net->is_training());
  EXPECT_FALSE(read("traced_training")->is_training());
}

/// The graph tells, whatever the classes of the parts are.
TEST_F(ImportedScripts, OfTracesDoNotTrainWhereTheirGraphFixesAMode) {
  const std::map<std::string, std::string> fixed = {
      {"traced_function_train", "aten::dropout"},
      {"traced_function_eval", "aten::dropout"},
      {"traced_own", "aten::batch_norm"},
      {"traced_part", "aten::batch_norm"}};
  for (const auto& [name, kind] : fixed) {
    auto net = read(name);
    EXPECT_FALSE(net->is_training()) << name;
    EXPECT_EQ(error_of([&] { net->train(); }),
              "train: a script must follow its mode, got a traced one with " +
                  kind +
                  ", as it was when traced; save it with "
                  "torch.jit.script")
        << name;
  }
  // These compute the same in each mode, or are no traces.
  for (const auto* name : {"traced_free", "fixed", "net", "own"}) {
    auto net = read(name);
    net->train();
    EXPECT_TRUE(net->is_training()) << name;
  }
}

TEST_F(ImportedScripts, AreExportedThoughTheyWriteIntoTheirInput) {
  auto net = read("in_place");
  net->eval();

  const auto report =
      export_torchscript(net, stated("in_place").first, path("written.pt"));

  EXPECT_EQ(report.error, 0);
}

TEST_F(ImportedScripts, AreRefusedWithoutOneTensorInAndOut) {
  const std::string rule =
      "import_torchscript: forward must take one tensor and return one, got ";
  const std::string remedy =
      "; in Python, wrap the net in a module whose forward does";
  const auto two = refusal("two");
  EXPECT_EQ(two.substr(0, rule.size()), rule);
  EXPECT_NE(two.find("Tensor x, Tensor y) -> Tensor"), std::string::npos)
      << two;
  EXPECT_EQ(two.substr(two.size() - remedy.size()), remedy);
  const auto dictionary = refusal("dictionary");
  EXPECT_NE(dictionary.find("-> Dict(str, Tensor)"), std::string::npos)
      << dictionary;
  EXPECT_EQ(refusal("no_parameters"),
            "import_torchscript: the script must have parameters, got none; "
            "save the module before torch.jit.freeze or "
            "optimize_for_inference");
}

TEST_F(ImportedScripts, AreRefusedWhereTheyAreNone) {
  EXPECT_EQ(refusal("state"),
            ": the file must be one of TorchScript, got one without code; in "
            "Python, torch.jit.script(net).save(path)");
  write_bytes(path("empty.pt"), "");
  write_bytes(path("text.pt"), "hello");
  const std::string remedy = "; in Python, torch.jit.script(net).save(path)";
  EXPECT_EQ(refusal("empty"),
            ": the file must be one of TorchScript, got an empty one" + remedy);
  EXPECT_EQ(refusal("text"),
            ": the file must be one of TorchScript, got no zip file" + remedy);
  EXPECT_EQ(refusal("custom"),
            ": the operators of a script must be known here, got "
            "expandnet_test::twice; link or load the library that registers "
            "it");
  const auto bytes = content_of(path("net.pt"));
  write_bytes(path("cut.pt"), bytes.substr(0, bytes.size() / 2));
  EXPECT_NE(refusal("cut").find(": a zip file must end with"),
            std::string::npos);
  EXPECT_EQ(failure_of([] { (void)import_torchscript("/nowhere.pt"); }),
            "cannot open \"/nowhere.pt\": No such file or directory");
}

}  // namespace
}  // namespace expandnet::testing
