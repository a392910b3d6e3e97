#include <expandnet/deploy/load_weights.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

torch::nn::Sequential small_classifier(std::uint64_t seed) {
  torch::manual_seed(seed);
  torch::nn::Sequential net(torch::nn::Linear(3, 4), torch::nn::BatchNorm1d(4));
  net->forward(torch::randn({8, 3}));
  return net;
}

/// A copy of them.
Weights weights_in(const torch::nn::Module& module) {
  auto weights = weights_of(module);
  for (auto& item : weights.tensors) item.second = item.second.detach().clone();
  return weights;
}

void expect_equal(const torch::nn::Module& module, const Weights& weights) {
  const auto actual = weights_in(module);
  ASSERT_EQ(actual.tensors.size(), weights.tensors.size());
  for (std::size_t i = 0; i < actual.tensors.size(); ++i) {
    EXPECT_TRUE(actual.tensors[i].second.equal(weights.tensors[i].second))
        << actual.tensors[i].first;
  }
}

TEST(WeightsOf, AreTheModelsOwnTensors) {
  auto net = small_classifier(1);
  const auto weights = weights_of(*net);
  ASSERT_EQ(weights.tensors.size(), 7U);
  EXPECT_EQ(weights.tensors[0].first, "0.weight");
  EXPECT_TRUE(
      weights.tensors[0].second.is_same(net->named_parameters()["0.weight"]));
  EXPECT_EQ(weights.tensors[6].first, "1.num_batches_tracked");
}

TEST(LoadWeights, FillsParametersAndBuffersInPlace) {
  const auto source = weights_in(*small_classifier(1));
  auto net = small_classifier(2);
  const auto weight = net->named_parameters()["0.weight"];

  const auto report = load_weights(*net, source);

  expect_equal(*net, source);
  EXPECT_TRUE(net->named_parameters()["0.weight"].is_same(weight));
  EXPECT_TRUE(weight.requires_grad());
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.to_string(), "7 tensors loaded\n");
}

TEST(LoadWeights, LeavesCountersThatTheWeightsLack) {
  auto source = weights_in(*small_classifier(1));
  const auto counter = source.tensors.back().second;
  source.tensors.pop_back();
  auto net = small_classifier(2);

  const auto report = load_weights(*net, source);

  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.to_string(),
            "6 tensors loaded\nleft as it was: 1.num_batches_tracked\n");
  source.tensors.emplace_back("1.num_batches_tracked", counter);
  expect_equal(*net, source);

  source.tensors.erase(source.tensors.begin() + 4, source.tensors.end());
  EXPECT_EQ(error_of([&] { load_weights(*net, source); }),
            "load_weights: weights and model must fit together, got 3 missing, "
            "0 unexpected and 0 of a wrong shape; load what fits with strict = "
            "false\n"
            "missing: 1.num_batches_tracked\n"
            "missing: 1.running_mean\n"
            "missing: 1.running_var\n");
}

/// A model whose only child is of that name, as a wrapper's is.
std::shared_ptr<torch::nn::Module> wrapped(const std::string& name,
                                           std::uint64_t seed) {
  auto model = std::make_shared<torch::nn::Module>();
  model->register_module(name, small_classifier(seed).ptr());
  return model;
}

TEST(LoadWeights, FindsTheNamesOfAWrappedModel) {
  const auto source = weights_in(*small_classifier(1));
  for (const auto* name : {"module", "model"}) {
    auto model = wrapped(name, 2);

    load_weights(*model, source);

    auto bare = small_classifier(3);
    load_weights(*bare, source);
    EXPECT_TRUE(weights_of(*model).tensors.at(0).second.equal(
        weights_of(*bare).tensors.at(0).second));
    EXPECT_EQ(load_weights(*model, weights_of(*model)).loaded, 7) << name;
  }
  auto other = wrapped("net", 2);
  EXPECT_NE(error_of([&] { load_weights(*other, source); }), "");
}

/// Names of model and weights, each with and without the prefix.
TEST(WithNamesOf, MatchesThePrefixesOfWrappers) {
  const std::vector<std::string> nothing;
  for (const std::string prefix : {"module", "model"}) {
    auto bare = small_classifier(1);
    const auto model = wrapped(prefix, 1);
    const auto own = weights_of(*bare), prefixed = weights_of(*model);
    const std::string name = "0.weight", long_name = prefix + "." + name;

    EXPECT_EQ(with_names_of(*bare, own).tensors.at(0).first, name);
    EXPECT_EQ(with_names_of(*model, own).tensors.at(0).first, long_name);
    EXPECT_EQ(with_names_of(*model, prefixed).tensors.at(0).first, long_name);
    EXPECT_EQ(with_names_of(*model, prefixed).notes, nothing);
    const auto taken_off = with_names_of(*bare, prefixed);
    EXPECT_EQ(taken_off.tensors.at(0).first, name);
    EXPECT_EQ(taken_off.notes,
              std::vector<std::string>{"names without \"" + prefix +
                                       ".\", which the model does not have"});
    EXPECT_EQ(load_weights(*bare, prefixed).loaded, 7);
    const auto other = wrapped(prefix == "model" ? "module" : "model", 1);
    EXPECT_EQ(with_names_of(*other, prefixed).tensors.at(0).first,
              weights_of(*other).tensors.at(0).first);
  }
}

TEST(MatchWeights, ReportsAndLoadsNothing) {
  auto net = small_classifier(2);
  const auto before = weights_in(*net);

  const auto report = match_weights(*net, weights_in(*small_classifier(1)));

  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.counts(), "0 missing, 0 unexpected and 0 of a wrong shape");
  expect_equal(*net, before);
}

TEST(LoadWeights, CastsToTheModelsDtypes) {
  auto source = weights_in(*small_classifier(1));
  for (auto& item : source.tensors) {
    if (item.second.is_floating_point()) {
      item.second = item.second.to(at::kBFloat16);
    }
  }
  auto net = small_classifier(2);
  net->to(at::kDouble);
  load_weights(*net, source);
  const auto loaded = net->named_parameters()["0.weight"];
  EXPECT_EQ(loaded.dtype(), at::kDouble);
  EXPECT_TRUE(loaded.equal(source.tensors[0].second.to(at::kDouble)));
}

TEST(LoadWeightsErrors, NameATensorThatIsNotFinite) {
  auto net = small_classifier(2);
  const auto before = weights_in(*net);
  for (const auto& name : {"0.weight", "1.running_var"}) {
    auto source = weights_in(*small_classifier(1));
    for (auto& [other, tensor] : source.tensors) {
      if (other == name) tensor.view(-1)[0] = std::nan("");
    }
    EXPECT_EQ(error_of([&] { load_weights(*net, source); }),
              std::string("load_weights: weights must be finite numbers, got "
                          "inf or nan at \"") +
                  name + "\"; go back to a checkpoint before the divergence");
  }
  expect_equal(*net, before);
}

TEST(LoadWeights, TakesInfinitiesThatTheModelHas) {
  torch::nn::Module model;
  const auto mask = torch::full({2}, -INFINITY);
  model.register_buffer("mask", mask);

  EXPECT_EQ(load_weights(model, {{{"mask", mask.clone()}}, {}}).loaded, 1);
}

TEST(LoadWeightsErrors, NameATensorBeyondTheModelsDtype) {
  const auto refusal = [](const at::Tensor& target, const at::Tensor& values) {
    torch::nn::Module model;
    model.register_buffer("w", target);
    return error_of([&] { load_weights(model, {{{"w", values}}, {}}); });
  };
  const auto message = [](const std::string& dtypes) {
    return "load_weights: the model's dtype must hold the weights, got numbers "
           "of " +
           dtypes + " at \"w\"; convert the model to a wider dtype";
  };
  const auto ones = torch::ones({1});

  EXPECT_EQ(refusal(ones, torch::tensor({1e300}, at::kDouble)),
            message("Double beyond Float"));
  EXPECT_EQ(refusal(ones.to(at::kHalf), ones * 70000),
            message("Float beyond Half"));
  EXPECT_EQ(refusal(ones.to(at::kInt), torch::tensor({std::int64_t{1} << 32})),
            message("Long beyond Int"));
  EXPECT_EQ(refusal(ones.to(at::kInt), torch::tensor({std::int64_t{7}})), "");
  EXPECT_EQ(refusal(ones.to(at::kHalf), ones / 3), "");
  EXPECT_EQ(refusal(ones, ones.to(at::kFloat8_e5m2)), "");
}

/// One of each: missing, unexpected, another shape, another kind of number.
Weights that_do_not_fit() {
  auto weights = weights_in(*small_classifier(1));
  weights.tensors[0].second = torch::ones({4, 2});  // 0.weight
  weights.tensors[1].first = "0.offset";            // 0.bias
  weights.tensors[6].second = torch::tensor(0.5);   // 1.num_batches_tracked
  return weights;
}

const std::string kReport =
    "missing: 0.bias\n"
    "unexpected: 0.offset\n"
    "wrong shape: 0.weight Float [4, 2], not Float [4, 3]\n"
    "wrong shape: 1.num_batches_tracked Float [], not Long []\n";

TEST(LoadWeights, IsStrictAndThenChangesNothing) {
  auto net = small_classifier(2);
  const auto before = weights_in(*net);
  EXPECT_EQ(error_of([&] { load_weights(*net, that_do_not_fit()); }),
            "load_weights: weights and model must fit together, got 1 missing, "
            "1 unexpected and 2 of a wrong shape; load what fits with strict = "
            "false\n" +
                kReport);
  expect_equal(*net, before);
}

TEST(LoadWeights, TakesWhatFitsIfLenient) {
  auto net = small_classifier(2);
  const auto weight = net->named_parameters()["0.weight"].clone();
  LoadOptions lenient;
  lenient.strict = false;

  const auto report = load_weights(*net, that_do_not_fit(), lenient);

  EXPECT_EQ(report.to_string(), "4 tensors loaded\n" + kReport);
  EXPECT_TRUE(net->named_parameters()["0.weight"].equal(weight));
  EXPECT_TRUE(net->named_buffers()["1.running_mean"].equal(
      small_classifier(1)->named_buffers()["1.running_mean"]));
  EXPECT_EQ(error_of([&] {
              load_weights(*net, {{{"other", torch::ones({1})}}, {}}, lenient);
            }),
            "load_weights: some of the weights must fit the model, got 7 "
            "missing, 1 unexpected and 0 of a wrong shape");
}

}  // namespace
}  // namespace expandnet::testing
