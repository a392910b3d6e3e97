// Chains in files: the layouts of this library and of the paper's Python code.
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/nn/expanded_conv.h>
#include <expandnet/nn/expanded_conv_transpose.h>
#include <expandnet/nn/expanded_linear.h>
#include <expandnet/passes/contract.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <limits>
#include <map>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using Names = std::vector<std::string>;

Weights copies_of(const torch::OrderedDict<std::string, at::Tensor>& items) {
  Weights weights;
  for (const auto& item : items) {
    weights.tensors.emplace_back(item.key(), item.value().detach().clone());
  }
  return weights;
}

Weights state_of(const torch::nn::Module& model) {
  auto weights = copies_of(model.named_parameters());
  for (auto& buffer : copies_of(model.named_buffers()).tensors) {
    weights.tensors.push_back(std::move(buffer));
  }
  return weights;
}

Names names_in(const Weights& weights) {
  Names names;
  for (const auto& item : weights.tensors) names.push_back(item.first);
  return names;
}

Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

std::pair<std::string, std::string> parent_and_part(const std::string& path) {
  const auto dot = path.rfind('.');
  return {path.substr(0, dot), path.substr(dot + 1)};
}

bool is_entry(const std::string& part) {
  return std::all_of(part.begin(), part.end(),
                     [](char c) { return '0' <= c && c <= '9'; });
}

/// A state as the paper's Python code saves it: the factors of a layer that is
/// an entry of a Sequential are entries of it, too, and what follows moves up;
/// any other layer becomes a Sequential of its factors.
class OfficialState {
 public:
  /// `factors` are named `<path>.chain.<i>.weight|bias`, beside others.
  OfficialState(const Weights& state, const Weights& factors) {
    for (const auto& [name, tensor] : factors.tensors) {
      const auto chain = name.find(".chain.");
      if (chain == std::string::npos) continue;
      factors_[name.substr(0, chain)][name.substr(chain + 7)] = tensor;
    }
    for (const auto& [layer, chain] : factors_) {
      const auto [parent, part] = parent_and_part(layer);
      const auto last = chain.rbegin()->first;  // "2.weight"
      if (is_entry(part)) {
        more_[parent][std::stoll(part)] = std::stoll(last);
      }
    }
    for (const auto& [name, tensor] : state.tensors) {
      const auto [layer, kind] = parent_and_part(name);
      const auto found = factors_.find(layer);
      if (found == factors_.end()) {
        weights.tensors.emplace_back(moved(name), tensor);
      } else if (kind == "weight") {
        for (const auto& [of, factor] : found->second) add(layer, of, factor);
      }
    }
  }

  Weights weights;

 private:
  void add(const std::string& layer, const std::string& of,
           const at::Tensor& factor) {
    const auto path = moved(layer);
    const auto [parent, part] = parent_and_part(path);
    if (!is_entry(part)) {
      weights.tensors.emplace_back(path + "." + of, factor);
      return;
    }
    const auto index = std::stoll(part) + std::stoll(of);
    weights.tensors.emplace_back(
        parent + "." + std::to_string(index) + of.substr(of.find('.')), factor);
  }

  [[nodiscard]] std::string moved(const std::string& name) const {
    std::string before, after;
    std::size_t begin = 0;
    while (begin <= name.size()) {
      const auto end = std::min(name.find('.', begin), name.size());
      auto part = name.substr(begin, end - begin);
      const auto found = more_.find(before);
      before += (before.empty() ? "" : ".") + part;
      if (found != more_.end() && is_entry(part)) {
        auto index = std::stoll(part);
        for (const auto& [at, extra] : found->second) {
          if (std::stoll(part) > at) index += extra;
        }
        part = std::to_string(index);
      }
      after += (after.empty() ? "" : ".") + part;
      begin = end + 1;
    }
    return after;
  }

  std::map<std::string, std::map<std::string, at::Tensor>> factors_;
  std::map<std::string, std::map<std::int64_t, std::int64_t>> more_;
};

ContractWeightsOptions by_shape() {
  ContractWeightsOptions options;
  options.by_shape = true;
  return options;
}

/// What a model's state has to be once its chains are contracted in fp64.
void expect_contracted(const ContractedWeights& contracted,
                       const Weights& expected) {
  EXPECT_EQ(sorted(names_in(contracted.weights)), sorted(names_in(expected)));
  const std::map<std::string, at::Tensor> by_name(expected.tensors.begin(),
                                                  expected.tensors.end());
  for (const auto& [name, tensor] : contracted.weights.tensors) {
    ASSERT_EQ(by_name.count(name), 1U) << name;
    // Folded in fp64 here, in fp32 by the expansion.
    if (tensor.is_floating_point()) {
      EXPECT_LE(relative_error(tensor, by_name.at(name)), kFloat.tolerance)
          << name;
      EXPECT_EQ(tensor.dtype(), by_name.at(name).dtype()) << name;
    }
  }
}

template <typename Net>
void expect_contracts(Net net, const Selector& recipe, std::size_t chains) {
  const auto expansion = expand(*net, recipe);
  const auto state = state_of(*net);
  const auto factors = copies_of(expansion.named_parameters());
  const auto official = OfficialState(state, factors).weights;
  ASSERT_NE(sorted(names_in(official)), sorted(names_in(state)));

  const auto contracted = contract_weights(official, by_shape());

  EXPECT_EQ(contracted.report.layers.size(), chains);
  EXPECT_EQ(contracted.chains.size(), chains);
  expect_contracted(contracted, state);
}

TEST(ContractWeights, ReadsThePapersSmallNets) {
  torch::manual_seed(0);
  const std::map<std::string, std::size_t> recipes = {
      {"fc", 1}, {"cl", 3}, {"cl+fc", 4}, {"ck", 3}, {"ck+fc", 4}};
  for (const auto& [recipe, chains] : recipes) {
    SCOPED_TRACE(recipe);
    expect_contracts(models::SmallNet(), models::small_net_recipe(recipe),
                     chains);
  }
}

TEST(ContractWeights, ReadsThePapersMobileNetV1AndShuffleNetV2) {
  torch::manual_seed(0);
  expect_contracts(models::MobileNetV1(),
                   models::imagenet_recipe("mobilenet_v1", "paper"), 14);
  expect_contracts(models::ShuffleNetV2(),
                   models::imagenet_recipe("shufflenet_v2", "paper"), 20);
}

/// Torchvision's names as those of the flat Sequentials before it.
Weights flat_mobilenet_v2(Weights weights) {
  const std::regex nested(
      R"((features\.[0-9]+\.conv)\.([0-9]+)\.([0-9]+)\.(.+))");
  const std::regex last(R"((features\.([0-9]+)\.conv)\.([0-9]+)\.(.+))");
  std::smatch match;
  for (auto& [name, tensor] : weights.tensors) {
    const bool in_chain = name.find(".chain.") != std::string::npos;
    if (std::regex_match(name, match, nested)) {
      const auto index = 3 * std::stoll(match[2]) + std::stoll(match[3]);
      name =
          match[1].str() + "." + std::to_string(index) + "." + match[4].str();
    } else if (!in_chain && std::regex_match(name, match, last)) {
      // The last conv is entry 2 of the blocks that widen, 1 of the first.
      const std::int64_t conv = match[2] == "1" ? 1 : 2;
      const auto index = 3 * conv + std::stoll(match[3]) - conv;
      name =
          match[1].str() + "." + std::to_string(index) + "." + match[4].str();
    } else if (name.rfind("classifier.1.", 0) == 0) {
      name.erase(std::string("classifier").size(), 2);
    }
  }
  return weights;
}

std::string refusal_of_names(const Weights& weights) {
  return error_of([&] { static_cast<void>(with_torchvision_names(weights)); });
}

std::string refusal(const Weights& weights,
                    const ContractWeightsOptions& options = {}) {
  return error_of(
      [&] { static_cast<void>(contract_weights(weights, options)); });
}

TEST(ContractWeights, WritesThePapersMobileNetV2UnderTorchvisionsNames) {
  torch::manual_seed(0);
  models::MobileNetV2 net;
  const auto expansion =
      expand(*net, models::imagenet_recipe("mobilenet_v2", "paper"));
  const auto state = state_of(*net);
  const auto official =
      OfficialState(flat_mobilenet_v2(state),
                    flat_mobilenet_v2(copies_of(expansion.named_parameters())))
          .weights;

  auto contracted = contract_weights(official, by_shape());
  EXPECT_EQ(contracted.report.layers.size(), 5U);
  EXPECT_EQ(sorted(names_in(contracted.weights)),
            sorted(names_in(flat_mobilenet_v2(state))));
  EXPECT_EQ(refusal_of_names(official),
            "with_torchvision_names: a block must have the entries 0, 1, 3, 4 "
            "or 0, 1, 3, 4, 6, 7, got 0, 1, 3, 4, 5, 6, 8, 9 at "
            "\"features.14.conv\"; contract its chains before");
  contracted.weights = with_torchvision_names(contracted.weights);
  expect_contracted(contracted, state);
  EXPECT_EQ(refusal_of_names(state_of(*models::SmallNet())),
            "with_torchvision_names: the weights must be a MobileNetV2's, with "
            "entries such as features.1.conv.0, got none");
}

/// A model of this library's modules: every kind, one of them transposed.
class OwnNetImpl : public torch::nn::Module {
 public:
  OwnNetImpl() {
    using namespace torch::nn;  // NOLINT(google-build-using-namespace)
    const auto by = [](Strategy strategy) {
      return ExpansionOptions(strategy).rate(2);
    };
    conv = register_module(
        "conv", ExpandedConv2d(Conv2dOptions(4, 6, 3).groups(2).bias(false),
                               by(Strategy::kCL)));
    wide = register_module(
        "wide", ExpandedConv1d(Conv1dOptions(4, 5, 6), by(Strategy::kCK)));
    up = register_module(
        "up", ExpandedConvTranspose2d(ConvTranspose2dOptions(6, 4, 4).stride(2),
                                      by(Strategy::kCL)));
    deep = register_module("deep", ExpandedLinear(LinearOptions(7, 3),
                                                  by(Strategy::kFC).depth(5)));
  }
  ExpandedConv2d conv{nullptr};
  ExpandedConv1d wide{nullptr};
  ExpandedConvTranspose2d up{nullptr};
  ExpandedLinear deep{nullptr};
};
TORCH_MODULE(OwnNet);

TEST(ContractWeights, ReadsTheChainsOfThisLibrary) {
  for (const auto dtype : {at::kFloat, at::kDouble, at::kBFloat16}) {
    torch::manual_seed(0);
    OwnNet net;
    auto expanded = state_of(*net);
    for (auto& item : expanded.tensors) item.second = item.second.to(dtype);
    ContractWeightsOptions options;
    options.transposed = {"up"};

    const auto contracted = contract_weights(expanded, options);

    EXPECT_EQ(contracted.report.layers.size(), 4U);
    for (const auto& layer : contracted.report.layers) {
      EXPECT_LE(layer.error_fp64, 1e-12) << layer.path;
    }
    if (dtype != at::kBFloat16) {  // factors stay fp32 in a half model
      net->to(dtype);
      contract(*net);
      expect_contracted(contracted, state_of(*net));
    }
    EXPECT_EQ(contracted.weights.tensors.front().second.dtype(), dtype);
  }
}

TEST(ContractWeights, KeepsTheOrderTheMetadataAndAllOtherTensors) {
  Weights weights;
  weights.metadata = {{"epoch", "3"}};
  const auto other = torch::arange(3);
  weights.tensors = {{"first", other},
                     {"fc.0.weight", torch::randn({8, 4})},
                     {"fc.0.bias", torch::randn({8})},
                     {"between", other},
                     {"fc.1.weight", torch::randn({6, 8})},
                     {"fc.2.weight", torch::randn({3, 6})},
                     {"last", other}};
  const auto contracted = contract_weights(weights, by_shape());
  EXPECT_EQ(names_in(contracted.weights),
            (Names{"first", "fc.weight", "fc.bias", "between", "last"}));
  EXPECT_EQ(contracted.weights.metadata, weights.metadata);
  EXPECT_TRUE(contracted.weights.tensors.back().second.is_same(other));
  EXPECT_EQ(contracted.chains[0].layer, "fc");
  EXPECT_EQ(contracted.chains[0].factors, (Names{"fc.0", "fc.1", "fc.2"}));
  // The bias of the first factor, through the other two.
  const auto& tensors = weights.tensors;
  EXPECT_LE(relative_error(
                contracted.weights.tensors[2].second,
                tensors[5].second.mm(tensors[4].second).mv(tensors[2].second)),
            kFloat.tolerance);
}

Weights linears(const std::string& path,
                const std::vector<std::int64_t>& widths) {
  Weights weights;
  for (std::size_t i = 1; i < widths.size(); ++i) {
    weights.tensors.emplace_back(path + "." + std::to_string(i - 1) + ".weight",
                                 torch::randn({widths[i], widths[i - 1]}));
  }
  return weights;
}

TEST(ContractWeights, FindsLayersOfAChainsShapesWhereAllowed) {
  const auto found = [](const std::vector<std::int64_t>& widths) {
    return find_chains(linears("layers", widths), by_shape()).size();
  };
  EXPECT_EQ(found({784, 300, 100, 10}), 0U);
  EXPECT_EQ(found({8, 8, 8, 8, 8}), 0U);
  EXPECT_EQ(found({4, 16}), 0U);
  EXPECT_EQ(found({4, 16, 24, 6}), 1U);
  EXPECT_EQ(found({4, 4, 24, 6}), 1U);
}

TEST(ContractWeights, NamesTheSequencesThatASearchByShapeLeaves) {
  const auto left = [](const Weights& weights) {
    return sequences_left(weights, find_chains(weights, by_shape()));
  };
  EXPECT_EQ(left(linears("layers", {784, 300, 100, 10})),
            std::vector<std::string>{"layers.0-2"});
  EXPECT_TRUE(left(linears("layers", {4, 16, 24, 6})).empty());
  EXPECT_TRUE(left(linears("layers", {4, 16})).empty());
  // A chain at 0-2 is taken; what follows it is left.
  EXPECT_EQ(left(linears("net", {4, 16, 24, 6, 5, 3})),
            std::vector<std::string>{"net.3-4"});
  // Activations between layers leave gaps in the numbers.
  auto gaps = linears("a", {4, 8, 8});
  gaps.tensors[1].first = "a.2.weight";
  EXPECT_TRUE(left(gaps).empty());
  // Shapes that do not follow each other are no chain.
  auto apart = linears("b", {4, 8, 8});
  apart.tensors[1].second = torch::randn({8, 9});
  EXPECT_TRUE(left(apart).empty());
  // Biases are no hindrance.
  auto biased = linears("c", {7, 9, 5});
  biased.tensors.emplace_back("c.0.bias", torch::randn({9}));
  biased.tensors.emplace_back("c.1.bias", torch::randn({5}));
  EXPECT_EQ(left(biased), std::vector<std::string>{"c.0-1"});
}

/// Heads and stacks of ordinary layers, whose shapes could be those of chains.
Weights ordinary_layers() {
  auto weights = linears("head.layers", {256, 256, 256, 4});
  for (const auto& more :
       {linears("mlp", {128, 256, 128, 64}), linears("lins", {64, 64, 64, 10}),
        linears("widening", {16, 64, 128, 10})}) {
    for (const auto& item : more.tensors) weights.tensors.push_back(item);
  }
  weights.tensors.emplace_back("convs.0.weight", torch::randn({32, 3, 3, 3}));
  weights.tensors.emplace_back("convs.1.weight", torch::randn({64, 32, 3, 3}));
  return weights;
}

TEST(ContractWeights, TakesNothingForAChainThatNobodyNamed) {
  EXPECT_TRUE(find_chains(ordinary_layers()).empty());
  EXPECT_EQ(refusal(ordinary_layers()),
            "contract_weights: the weights must hold chains by name "
            "(<path>.chain.<i>.weight), got none; name them with --chain, or "
            "allow the search with --by-shape");
  EXPECT_EQ(refusal(linears("a", {784, 300, 10}), by_shape()),
            "contract_weights: the weights must hold layers of a chain's "
            "shapes, got none; name the chains with --chain");
}

TEST(ContractWeights, NamesTheRemedyForBlocksAndBatchNorms) {
  auto weights = ordinary_layers();
  const auto add = [&](const std::string& name,
                       const std::vector<std::int64_t>& sizes) {
    weights.tensors.emplace_back(name, torch::randn(sizes));
  };
  add("bn1.running_mean", {3});
  add("conv1.weight", {4, 3, 3, 3});  // of other channels: still a pair
  EXPECT_EQ(refusal(weights),
            "contract_weights: the weights must hold chains by name "
            "(<path>.chain.<i>.weight), got none; name them with --chain, "
            "allow the search with --by-shape, or fuse BatchNorms into their "
            "layers with --fuse-bn");
  add("up.rbr_dense.conv.weight", {4, 4, 3, 3});
  add("down.conv1.conv.weight", {4, 4, 3, 3});
  add("down.conv2.conv.weight", {4, 4, 1, 1});
  EXPECT_EQ(refusal(weights),
            "contract_weights: the weights must hold chains by name "
            "(<path>.chain.<i>.weight), got none; name them with --chain, "
            "allow the search with --by-shape, fold blocks of repvgg or yolov6 "
            "or yolov9 with --system, or fuse BatchNorms into their layers "
            "with --fuse-bn");
  auto shapes = linears("a", {784, 300, 10});
  shapes.tensors.emplace_back("b.rbr_conv.0.conv.weight",
                              torch::ones({2, 2, 3, 3}));
  EXPECT_EQ(refusal(shapes, by_shape()),
            "contract_weights: the weights must hold layers of a chain's "
            "shapes, got none; name the chains with --chain, or fold blocks of "
            "mobileone with --system");
}

TEST(ContractWeights, LeavesOrdinaryLayersBesideItsOwnChains) {
  auto weights = linears("fc.chain", {4, 16, 24, 6});
  const auto others = ordinary_layers();
  for (const auto& item : others.tensors) weights.tensors.push_back(item);

  const auto contracted = contract_weights(weights);

  EXPECT_EQ(contracted.chains.size(), 1U);
  ASSERT_EQ(contracted.weights.tensors.size(), 1 + others.tensors.size());
  EXPECT_EQ(contracted.weights.tensors.front().first, "fc.weight");
  for (std::size_t i = 0; i < others.tensors.size(); ++i) {
    const auto& [name, tensor] = contracted.weights.tensors[i + 1];
    EXPECT_EQ(name, others.tensors[i].first);
    EXPECT_TRUE(tensor.is_same(others.tensors[i].second));
  }
}

TEST(ContractWeightsErrors, SearchByShapeWhereNothingElseNamesTheChains) {
  EXPECT_EQ(refusal(linears("fc.chain", {4, 16, 24, 6}), by_shape()),
            "contract_weights: a search by shape needs a file without chains "
            "of its own, got \"fc.chain\"; leave out --by-shape, and name "
            "other chains with --chain");
  auto both = by_shape();
  both.chains = {"fc"};
  EXPECT_EQ(refusal(linears("fc", {4, 16, 24, 6}), both),
            "contract_weights: chains are named or searched by shape, got "
            "both; leave out --by-shape or --chain");
}

TEST(ContractWeights, TakesChainsThatAreNamed) {
  auto weights = linears("blocks.3.fc", {7, 5, 9, 3, 2});
  for (auto& tensor : linears("blocks.4.fc", {3, 3, 3}).tensors) {
    weights.tensors.push_back(tensor);
  }
  const auto named = [&](const Names& chains) {
    ContractWeightsOptions options;
    options.chains = chains;
    return contract_weights(weights, options);
  };
  EXPECT_EQ(names_in(named({"blocks.*.fc"}).weights),
            (Names{"blocks.3.fc.weight", "blocks.4.fc.weight"}));
  EXPECT_EQ(names_in(named({"blocks.3.fc.1-2"}).weights),
            (Names{"blocks.3.fc.0.weight", "blocks.3.fc.1.weight",
                   "blocks.3.fc.2.weight", "blocks.4.fc.0.weight",
                   "blocks.4.fc.1.weight"}));
  EXPECT_EQ(error_of([&] { static_cast<void>(named({"block"})); }),
            "contract_weights: a named chain must be in the file, got "
            "\"block\"");
  weights.tensors[1].second = torch::randn({9, 6});
  EXPECT_EQ(error_of([&] { static_cast<void>(named({"blocks.3.*"})); }),
            "contract_weights: a named chain must be layers that follow each "
            "other, got 0 [5, 7], 1 [9, 6], 2 [3, 9], 3 [2, 3] at "
            "\"blocks.3.fc\"; name them as \"blocks.3.fc.0-2\"");
}

/// Convolutions without padding of their own: "layers.0.weight" and so on.
Weights convolutions(const std::vector<std::int64_t>& kernels, bool bias,
                     const std::string& path) {
  Weights weights;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const auto name = path + "." + std::to_string(i) + ".";
    const auto k = kernels[i];
    weights.tensors.emplace_back(name + "weight", torch::randn({4, 4, k, k}));
    if (bias) weights.tensors.emplace_back(name + "bias", torch::randn({4}));
  }
  return weights;
}

TEST(ContractWeights, SaysWhereThePaddingOfAForeignChainMatters) {
  const auto notes = [](const std::vector<std::int64_t>& kernels, bool bias,
                        const std::string& path = "conv") {
    ContractWeightsOptions options;
    if (path == "conv") options.chains = {"conv"};
    return notes_on_padding(
        contract_weights(convolutions(kernels, bias, path), options).chains);
  };
  const Names note = {
      "\"conv\" is the chain only if all padding is on its first factor; no "
      "file says where it is"};

  EXPECT_EQ(notes({1, 3, 1}, true), note);
  EXPECT_EQ(notes({3, 3, 3}, false), note);
  EXPECT_EQ(notes({1, 3, 1}, false), Names());
  EXPECT_EQ(notes({3, 3, 3}, true, "conv.chain"), Names());
}

TEST(ContractWeightsErrors, SayWhatIsWrongWithAChain) {
  OwnNet net;
  auto state = state_of(*net);
  auto gap = state;
  gap.tensors.erase(gap.tensors.begin() + 1);  // conv.chain.1.weight
  EXPECT_EQ(refusal(gap),
            "contract_weights: the factors of a chain must follow each other, "
            "got 0 [8, 2, 1, 1], 2 [6, 6, 1, 1] at \"conv.chain\"; read all "
            "files, where it stands in several, and save named_buffers() of a "
            "sum of branches");
  ContractWeightsOptions options;
  options.transposed = {"down"};
  EXPECT_EQ(refusal(state, options),
            "contract_weights: a transposed layer must be a chain of the file, "
            "got \"down\"; run `expandnet summary FILE` to list the chains");
  state.tensors[2].second[0].fill_(std::numeric_limits<double>::infinity());
  EXPECT_EQ(refusal(state),
            "contract_weights: factors must be finite, got inf or nan in "
            "factor 2 at \"conv\"; go back to a checkpoint before the "
            "divergence");
}

/// A chain of three linear factors, all of one number.
Weights uniform_chain(double number, at::ScalarType dtype) {
  auto weights = linears("fc.chain", {4, 16, 16, 4});
  for (auto& item : weights.tensors) {
    item.second = torch::full_like(item.second, number).to(dtype);
  }
  return weights;
}

TEST(ContractWeightsErrors, SayWhatKeepsEntriesFromBeingAChain) {
  const auto with = [](const std::string& name, const at::Tensor& tensor) {
    auto weights = uniform_chain(1, at::kFloat);
    weights.tensors.emplace_back(name, tensor);
    return weights;
  };
  const auto message = [](const std::string& got, const std::string& remedy) {
    return "contract_weights: the factors of a chain must follow each other, "
           "got " +
           got + " at \"fc.chain\"; " + remedy;
  };
  const std::string floats =
      "save the factors in a floating-point dtype, dequantized";
  const std::string shapes = "0 [16, 4], 1 [16, 16], 2 [4, 16]";
  const auto one = torch::ones({1});

  EXPECT_EQ(refusal(uniform_chain(1, at::kChar)),
            message("0 (Char), 1 (Char), 2 (Char)", floats));
  EXPECT_EQ(
      refusal(uniform_chain(1, at::kComplexFloat)),
      message("0 (ComplexFloat), 1 (ComplexFloat), 2 (ComplexFloat)", floats));
  EXPECT_EQ(refusal(with("fc.chain.0.lora_A", one)),
            message("0 (lora_A), 1 [16, 16], 2 [4, 16]",
                    "merge lora_A into the weight before saving"));
  EXPECT_EQ(refusal(with("fc.chain.1.weight_scale", one)),
            message("0 [16, 4], 1 (weight_scale), 2 [4, 16]",
                    "merge weight_scale into the weight before saving"));
  EXPECT_EQ(refusal(with("fc.chain.weight", one)),
            message(shapes + ", weight",
                    "leave out weight, or save it under another path"));
  EXPECT_EQ(
      refusal(with("fc.chain.00.weight", one)),
      message(shapes + ", 00", "leave out 00, or save it under another path"));
  ContractWeightsOptions named;
  named.chains = {"fc*"};
  auto pruned = linears("fc2", {4, 16, 16, 4});
  pruned.tensors[0].first = "fc2.0.weight_orig";
  EXPECT_EQ(
      refusal(pruned, named),
      "contract_weights: a named chain must be layers that follow each "
      "other, got 0 (weight_orig), 1 [16, 16], 2 [4, 16] at \"fc2\"; take "
      "weight norm, pruning and parametrizations out before saving");
}

TEST(ContractWeightsErrors, RefuseAWeightThatIsNotTheFoldBesideIt) {
  torch::manual_seed(0);
  models::SmallNet net;
  const auto expansion = expand(*net, models::small_net_recipe("cl"));
  auto both = state_of(*net);
  for (auto& item : copies_of(expansion.named_parameters()).tensors) {
    if (item.first.find(".chain.") != std::string::npos) {
      both.tensors.push_back(item);
    }
  }
  expect_contracted(contract_weights(both), state_of(*net));

  both.tensors[0].second = both.tensors[0].second * -1;
  EXPECT_EQ(refusal(both),
            "contract_weights: a weight beside its chain must be the chain's "
            "fold, got a relative error of 2.0e+00 at \"conv1.weight\"; the "
            "chain may be a nonlinear twin's");
}

TEST(ContractWeightsErrors, RefuseAFoldBeyondTheRangeOfItsDtype) {
  const auto message = [](const std::string& dtype) {
    return "contract_weights: a contracted layer must keep to the range of its "
           "dtype, got inf or nan in " +
           dtype + " at \"fc\"; choose a wider one with --dtype";
  };
  const auto half = uniform_chain(20, at::kHalf);
  EXPECT_EQ(refusal(half), message("Half"));
  EXPECT_EQ(refusal(uniform_chain(1e19, at::kFloat)), message("Float"));

  ContractWeightsOptions wide;
  wide.dtype = at::kFloat;
  const auto folded = contract_weights(half, wide);
  // 20^3 over 16 * 16 paths.
  EXPECT_TRUE(
      folded.weights.tensors[0].second.equal(torch::full({4, 4}, 2048000.0F)));
  EXPECT_EQ(folded.report.layers[0].dtype, "Float");
}

TEST(ContractWeightsErrors, RefuseAFoldBelowTheRangeOfItsDtype) {
  const auto message = [](const std::string& lost) {
    return "contract_weights: a contracted layer must keep to the range of its "
           "dtype, got numbers of at most " +
           lost + " at \"fc\"; choose a wider one with --dtype";
  };
  // 16 * 16 paths of a number's third power.
  const auto half = uniform_chain(0x1p-13, at::kHalf);
  EXPECT_EQ(refusal(half), message("4.7e-10, of which Half loses 1.0e+00"));
  EXPECT_EQ(refusal(uniform_chain(0x1p-53, at::kFloat)),
            message("3.5e-46, of which Float loses 1.0e+00"));
}

TEST(ContractWeightsErrors, RefuseFactorsWithoutOneDtypeOfLayers) {
  const auto message = [](const std::string& dtypes) {
    return "contract_weights: the factors of a chain must have one dtype of "
           "Half, BFloat16, Float and Double, got " +
           dtypes + " at \"fc\"; choose the layer's with --dtype";
  };
  auto mixed = uniform_chain(1, at::kFloat);
  mixed.tensors[0].second = mixed.tensors[0].second.to(at::kHalf);
  EXPECT_EQ(refusal(mixed), message("Half, Float"));
  const auto eight_bits = uniform_chain(1, at::kFloat8_e4m3fn);
  EXPECT_EQ(refusal(eight_bits), message("Float8_e4m3fn"));

  ContractWeightsOptions options;
  options.dtype = at::kBFloat16;
  for (const auto& weights : {mixed, eight_bits}) {
    const auto folded = contract_weights(weights, options).weights;
    EXPECT_TRUE(folded.tensors[0].second.equal(
        torch::full({4, 4}, 256, at::kBFloat16)));
  }
  options.dtype = at::kFloat8_e5m2;
  EXPECT_EQ(refusal(mixed, options),
            "contract_weights: the dtype must be Half, BFloat16, Float or "
            "Double, got Float8_e5m2");
}

TEST(ContractWeightsErrors, NameAFactorUnderAnotherParametrization) {
  const std::string remedy =
      "; take weight norm, pruning and parametrizations out before saving";
  const std::map<std::string, Names> kinds = {
      {"weight_g, weight_v", {"weight_g", "weight_v"}},
      {"weight_mask, weight_orig", {"weight_orig", "weight_mask"}},
      {"parametrizations",
       {"parametrizations.weight.original0",
        "parametrizations.weight.original1"}}};
  for (const auto& [text, names] : kinds) {
    SCOPED_TRACE(text);
    const auto file = [&, &tensors = names](const std::string& path) {
      auto weights = linears(path, {4, 16, 24, 6});
      weights.tensors.erase(weights.tensors.begin() + 1);
      for (const auto& name : tensors) {
        weights.tensors.emplace_back(path + ".1." + name,
                                     torch::randn({24, 16}));
      }
      // Another chain, which is whole.
      for (auto& item : linears("other", {4, 16, 24, 6}).tensors) {
        weights.tensors.push_back(item);
      }
      return weights;
    };
    EXPECT_EQ(refusal(file("fc.chain")),
              "contract_weights: the factors of a chain must follow each "
              "other, got 0 [16, 4], 1 (" +
                  text + "), 2 [6, 24] at \"fc.chain\"" + remedy);
    EXPECT_EQ(refusal(file("fc"), by_shape()),
              "contract_weights: a search by shape needs plain weights, got " +
                  text + " at \"fc.1\"" + remedy +
                  ", or name the chains with --chain");
  }
}

TEST(ContractWeightsErrors, LoseNoBiasBesideAChainWithout) {
  torch::manual_seed(0);
  Weights weights;
  for (auto& [name, tensor] : linears("fc.chain", {4, 16, 24, 6}).tensors) {
    weights.tensors.emplace_back(name, tensor);
  }
  weights.tensors.emplace_back("fc.bias", torch::ones({6}));
  EXPECT_EQ(refusal(weights),
            "contract_weights: a tensor beside a chain must be of its fold, "
            "got one that the chain has not at \"fc.bias\"; leave it out");
}

TEST(ContractWeightsErrors, RefuseNamesThatMeet) {
  auto weights = linears("fc", {4, 16, 24, 6});
  weights.tensors.emplace_back("fc.bias", torch::ones({6}));
  EXPECT_EQ(names_in(contract_weights(weights, by_shape()).weights),
            (Names{"fc.0.weight", "fc.bias"}));
  ContractWeightsOptions options;
  options.chains = {"fc.0-2", "fc.0-2"};
  EXPECT_EQ(refusal(weights, options),
            "contract_weights: a factor must be in one chain, got \"fc.0\" in "
            "two; name each chain once");
}

}  // namespace
}  // namespace expandnet::testing
