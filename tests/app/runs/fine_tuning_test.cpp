#include "trainers/app/runs/fine_tuning.h"

#include <expandnet/deploy/load_weights.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/models/yolo_lite.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/model.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "files.h"
#include "testing.h"
#include "trainers/app/runs/run_files.h"
#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/runs/training_options.h"

namespace expandnet::examples {
namespace {

using WeightNames = std::vector<std::string>;

models::SmallNet seeded_net(std::int64_t classes, std::uint64_t seed) {
  torch::manual_seed(seed);
  return models::SmallNet(
      models::SmallNetOptions().kernel_size(3).classes(classes));
}

std::map<std::string, torch::Tensor> net_state(const torch::nn::Module& net) {
  std::map<std::string, torch::Tensor> state;
  for (const auto& [name, tensor] : weights_of(net).tensors) {
    state[name] = tensor.detach().clone();
  }
  return state;
}

/// WeightNames of what differs.
WeightNames changed(const std::map<std::string, torch::Tensor>& a,
                    const std::map<std::string, torch::Tensor>& b) {
  WeightNames names;
  for (const auto& [name, tensor] : a) {
    if (!tensor.equal(b.at(name))) names.push_back(name);
  }
  return names;
}

class FineTuned : public ::testing::Test {
 protected:
  FineTuned() : trained_(seeded_net(10, 1)) {
    file_ = folder_ / "net.pt";
    write_weights(weights_of(*trained_), file_);
    settings_.fine_tuning.weights = file_;
  }

  expandnet::testing::ScratchFolder folder_;
  models::SmallNet trained_;
  std::string file_;
  Settings settings_;
};

TEST_F(FineTuned, StartsFromAllWeightsThatFit) {
  auto net = seeded_net(10, 2);

  EXPECT_EQ(fine_tune(*net, settings_), WeightNames());

  EXPECT_EQ(changed(net_state(*net), net_state(*trained_)), WeightNames());
}

TEST_F(FineTuned, GivesAHeadOfAnotherSizeNewValues) {
  auto net = seeded_net(7, 2);
  const auto before = net_state(*net);

  EXPECT_EQ(
      fine_tune(*net, settings_),
      WeightNames{"the head fc2 gets new values, for 7 outputs; the file's is "
                  "for 10 outputs"});

  auto after = net_state(*net), source = net_state(*trained_);
  EXPECT_TRUE(after["fc2.weight"].equal(before.at("fc2.weight")));
  for (const auto* name : {"fc2.weight", "fc2.bias"}) {
    after.erase(name);
    source.erase(name);
  }
  EXPECT_EQ(changed(after, source), WeightNames());
}

TEST_F(FineTuned, GivesTheHeadNewValuesWhereAsked) {
  settings_.fine_tuning.head = HeadChoice::kNew;
  auto net = seeded_net(10, 2);
  const auto before = net_state(*net);

  EXPECT_EQ(fine_tune(*net, settings_).size(), 1U);

  EXPECT_EQ(changed(net_state(*net), net_state(*trained_)),
            (WeightNames{"fc2.bias", "fc2.weight"}));
  EXPECT_TRUE(net_state(*net)["fc2.bias"].equal(before.at("fc2.bias")));
}

TEST_F(FineTuned, ReadsARunsFolderAndExpandedWeights) {
  write_weights(weights_of(*trained_), folder_ / kWeightsFile);
  settings_.fine_tuning.weights = folder_ / "";
  auto net = seeded_net(10, 2);
  EXPECT_EQ(fine_tune(*net, settings_), WeightNames());
  EXPECT_EQ(changed(net_state(*net), net_state(*trained_)), WeightNames());

  // Chains are contracted on the way in.
  auto expanded = seeded_net(10, 3);
  const auto expansion =
      expand(*expanded, models::small_net_recipe("cl", ExpansionOptions()));
  auto weights = weights_of(*expanded);
  for (const auto& item : expansion.named_parameters()) {
    if (item.key().find(".chain.") != std::string::npos) {
      weights.tensors.emplace_back(item.key(), item.value());
    }
  }
  write_weights(weights, file_);
  settings_.fine_tuning.weights = file_;
  EXPECT_EQ(fine_tune(*net, settings_), WeightNames());
  EXPECT_LE(expandnet::testing::relative_error(net->conv1->weight,
                                               expanded->conv1->weight),
            1e-6);
}

TEST_F(FineTuned, ReadsTheFlatNamesOfMobileNetV2) {
  torch::manual_seed(0);
  models::MobileNetV2 source(models::MobileNetV2Options().width(0.1)),
      net(models::MobileNetV2Options().width(0.1));
  // features.2.conv.1.0.weight -> features.2.conv.3.weight and so on.
  auto weights = weights_of(*source);
  const std::map<std::string, std::string> flat = {
      {"0.0.", "0."}, {"0.1.", "1."}, {"1.0.", "3."},
      {"1.1.", "4."}, {"2.", "6."},   {"3.", "7."}};
  const std::map<std::string, std::string> first = {
      {"0.0.", "0."}, {"0.1.", "1."}, {"1.", "3."}, {"2.", "4."}};
  for (auto& [name, tensor] : weights.tensors) {
    const auto at = name.find(".conv.");
    if (at != std::string::npos) {
      const auto& table = name.rfind("features.1.", 0) == 0 ? first : flat;
      for (const auto& [from, to] : table) {
        if (name.compare(at + 6, from.size(), from) != 0) continue;
        name = name.substr(0, at + 6) + to + name.substr(at + 6 + from.size());
        break;
      }
    } else if (name.rfind("classifier.1.", 0) == 0) {
      name = "classifier." + name.substr(13);
    }
  }
  write_weights(weights, file_);

  fine_tune(*net, settings_);

  EXPECT_EQ(changed(net_state(*net), net_state(*source)), WeightNames());
}

TEST_F(FineTuned, FreezesWhatPatternsName) {
  settings_.fine_tuning.weights = "";
  settings_.fine_tuning.freeze = {"conv1", "*.bias"};
  auto net = seeded_net(10, 2);
  fine_tune(*net, settings_);

  WeightNames frozen;
  for (const auto& item : net->named_parameters()) {
    if (!item.value().requires_grad()) frozen.push_back(item.key());
  }
  EXPECT_EQ(frozen, (WeightNames{"conv1.weight", "conv1.bias", "bn1.bias",
                                 "conv2.bias", "bn2.bias", "conv3.bias",
                                 "bn3.bias", "fc1.bias", "fc2.bias"}));
}

/// Weights, statistics and, with them, the mode of a frozen BatchNorm.
TEST_F(FineTuned, LeavesFrozenPartsAsTheyAre) {
  settings_.fine_tuning.freeze = {"bn1", "conv1"};
  settings_.weight_decay = 0.1;
  auto net = seeded_net(10, 2);
  const auto trainable =
      weight_space_model(train::model_of(net), "cl",
                         models::small_net_recipe("cl"), Machine(), settings_);
  const auto optimizer = make_optimizer(settings_, trainable);
  const auto before = net_state(*net);
  train::set_training(*net, true);

  for (int step = 0; step < 3; ++step) {
    trainable.expansion->zero_grad();
    net->forward(torch::randn({4, 3, 32, 32})).square().sum().backward();
    trainable.expansion->step(*optimizer);
  }

  EXPECT_FALSE(net->bn1->is_training());
  EXPECT_TRUE(net->bn2->is_training());
  const auto after = net_state(*net);
  for (const auto& [name, tensor] : before) {
    const bool frozen =
        name.rfind("conv1.", 0) == 0 || name.rfind("bn1.", 0) == 0;
    EXPECT_EQ(tensor.equal(after.at(name)), frozen) << name;
  }
}

/// A net in a wrapper, its file, and both without: the head is found in each.
TEST_F(FineTuned, FindsTheHeadUnderTheNamesOfWrappers) {
  for (const std::string prefix : {"", "model.", "module."}) {
    auto named = weights_of(*trained_);
    for (auto& item : named.tensors) item.first.insert(0, prefix);
    write_weights(named, file_);
    for (const std::string wrapper : {"", "model", "module"}) {
      for (const auto choice :
           {HeadChoice::kAuto, HeadChoice::kKeep, HeadChoice::kNew}) {
        settings_.fine_tuning.head = choice;
        const auto net = seeded_net(10, 2);
        const auto before = net_state(*net);
        auto wrapped = net.ptr();
        std::shared_ptr<torch::nn::Module> root = wrapped;
        if (!wrapper.empty()) {
          root = std::make_shared<torch::nn::Module>();
          root->register_module(wrapper, wrapped);
        }

        (void)fine_tune(*root, settings_);

        const auto& head_from =
            choice == HeadChoice::kNew ? before : net_state(*trained_);
        const auto after = net_state(*net);
        EXPECT_TRUE(after.at("fc2.weight").equal(head_from.at("fc2.weight")))
            << prefix << " " << wrapper;
        EXPECT_TRUE(after.at("conv1.weight")
                        .equal(net_state(*trained_)["conv1.weight"]))
            << prefix << " " << wrapper;
      }
    }
  }
}

TEST_F(FineTuned, StartsFromTheCopyInTheRunsFolder) {
  settings_.out = folder_ / "";
  settings_.fine_tuning.weights = folder_ / "moved.pt";
  write_pytorch(weights_of(*trained_), folder_ / kStartFile);
  auto net = seeded_net(10, 2);

  (void)fine_tune(*net, settings_);

  EXPECT_EQ(changed(net_state(*net), net_state(*trained_)), WeightNames());
}

TEST_F(FineTuned, TakesTheHeadThatIsNamed) {
  settings_.fine_tuning.head_layer = "fc1";
  settings_.fine_tuning.head = HeadChoice::kNew;
  settings_.fine_tuning.lr_head = 3;
  auto net = seeded_net(10, 2);

  EXPECT_EQ(fine_tune(*net, settings_),
            (WeightNames{"the head fc1 gets new values, for 64 outputs; the "
                         "file's is for 64 outputs",
                         "the head fc1 learns at 3 times the rate"}));
  EXPECT_EQ(changed(net_state(*net), net_state(*trained_)),
            (WeightNames{"fc1.bias", "fc1.weight"}));

  settings_.fine_tuning.head = HeadChoice::kKeep;
  settings_.fine_tuning.lr_head = 1;
  EXPECT_EQ(fine_tune(*net, settings_),
            WeightNames{"the head fc1 is the file's"});
  settings_.fine_tuning.head = HeadChoice::kAuto;
  EXPECT_EQ(fine_tune(*net, settings_), WeightNames{"the head is fc1"});
  settings_.fine_tuning.head_layer = "fc9";
  EXPECT_EQ(
      expandnet::testing::error_of([&] { fine_tune(*net, settings_); }),
      "--head-layer: must name a layer with a weight, by its path, got "
      "\"fc9\"; the net has conv1, bn1, conv2, bn2, conv3, bn3, fc1, fc2");
}

TEST_F(FineTuned, HasNoRateForAHeadThatIsFrozen) {
  settings_.fine_tuning.freeze = {"fc2"};
  settings_.fine_tuning.lr_head = 3;
  const auto trainable =
      weight_space_model(train::model_of(seeded_net(10, 2)), "none",
                         models::small_net_recipe("cl"), Machine(), settings_);

  EXPECT_EQ(
      expandnet::testing::error_of(
          [&] { (void)make_optimizer(settings_, trainable); }),
      "--lr-head: the head must train, got \"fc2\", which is frozen; leave "
      "the flag out, or name another layer by --head-layer");
}

TEST_F(FineTuned, RefusesToFreezeANormWithoutAWeight) {
  settings_.fine_tuning.weights = "";
  torch::nn::Sequential net(
      torch::nn::Conv2d(3, 4, 1),
      torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(4).affine(false)));
  for (const auto* pattern : {"1", "*"}) {
    settings_.fine_tuning.freeze = {pattern};
    EXPECT_EQ(
        expandnet::testing::error_of([&] { fine_tune(*net, settings_); }),
        "--freeze: a norm with statistics must have a weight to be frozen, got "
        "none in \"1\"; in Python, make it with affine=True");
  }
  settings_.fine_tuning.freeze = {"0"};
  EXPECT_EQ(fine_tune(*net, settings_), WeightNames());
}

TEST_F(FineTuned, SaysThatNoLayerIsExpanded) {
  settings_.fine_tuning.weights = "";
  settings_.fine_tuning.freeze = {"conv?", "fc?"};
  const auto make = [&](const std::string& recipe) {
    return weight_space_model(train::model_of(seeded_net(10, 2)), recipe,
                              models::small_net_recipe("cl"), Machine(),
                              settings_);
  };
  const auto frozen = [](const std::string& layer) {
    return "\"" + layer + "\" stays compact: frozen (requires_grad is false)";
  };
  EXPECT_EQ(expandnet::testing::error_of([&] { (void)make("cl"); }),
            "--expand: the net must hold a layer to expand, got none; name one "
            "by --strategy, or use --expand none (" +
                frozen("conv1") + "; " + frozen("conv2") + "; " +
                frozen("conv3") + ")");
  const auto trainable = make("default");
  EXPECT_EQ(trainable.expansion, nullptr);
  EXPECT_FALSE(trainable.has_chains);
  EXPECT_EQ(trainable.notes,
            (WeightNames{frozen("conv1"), frozen("conv2"), frozen("conv3"),
                         "no layer is expanded: the net trains compact"}));
}

TEST_F(FineTuned, GivesTheHeadARateOfItsOwn) {
  settings_.fine_tuning.lr_head = 10;
  settings_.lr = 0.5;
  settings_.weight_decay = 0.1;
  settings_.decay_all = false;
  auto net = seeded_net(10, 2);
  const auto trainable =
      weight_space_model(train::model_of(net), "cl",
                         models::small_net_recipe("cl"), Machine(), settings_);

  const auto optimizer = make_optimizer(settings_, trainable);

  auto& groups = optimizer->param_groups();
  ASSERT_EQ(groups.size(), 4U);
  const std::vector<double> rates = {0.5, 0.5, 5, 5};
  const std::vector<double> decays = {0.1, 0, 0.1, 0};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto& options =
        static_cast<torch::optim::SGDOptions&>(groups[i].options());
    EXPECT_EQ(options.lr(), rates[i]) << i;
    EXPECT_EQ(options.weight_decay(), decays[i]) << i;
  }
  ASSERT_EQ(groups[2].params().size(), 1U);
  EXPECT_TRUE(groups[2].params()[0].is_same(net->fc2->weight));
  EXPECT_TRUE(groups[3].params()[0].is_same(net->fc2->bias));
}

TEST_F(FineTuned, TakesTheLastConvolutionForAHeadWithoutALinearLayer) {
  torch::manual_seed(0);
  models::YoloLite trained(models::YoloLiteOptions().classes(20));
  models::YoloLite net(models::YoloLiteOptions().classes(3));
  const auto new_values = net_state(*net);
  write_weights(weights_of(*trained), file_);
  const auto notes = fine_tune(*net, settings_);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes.front(),
            "the head conv7 gets new values, for 40 outputs; the file's is for "
            "125 outputs");
  const auto state = net_state(*net), file = net_state(*trained);
  for (const auto& [name, tensor] : state) {
    const bool is_head = name.rfind("conv7.", 0) == 0;
    EXPECT_TRUE(tensor.equal(is_head ? new_values.at(name) : file.at(name)))
        << name;
  }
}

TEST_F(FineTuned, SaysWhatDoesNotFit) {
  torch::manual_seed(0);
  models::SmallNet other(models::SmallNetOptions().kernel_size(5));
  const auto before = net_state(*other);
  const auto error =
      expandnet::testing::error_of([&] { fine_tune(*other, settings_); });
  const auto begin =
      "--weights: the weights must be of this net, got \"" + file_ +
      "\" with 0 missing, 0 unexpected and 4 of a wrong shape; give a file of "
      "this net\n"
      "wrong shape: conv1.weight Float [8, 3, 3, 3], not Float [8, 3, 5, 5]\n";
  EXPECT_EQ(error.substr(0, begin.size()), begin);
  EXPECT_EQ(changed(net_state(*other), before), WeightNames());

  auto seven = seeded_net(7, 2);
  settings_.fine_tuning.head = HeadChoice::kKeep;
  EXPECT_NE(expandnet::testing::error_of([&] {
              fine_tune(*seven, settings_);
            }).find("wrong shape: fc2.weight"),
            std::string::npos);

  auto net = seeded_net(10, 2);
  settings_.fine_tuning.freeze = {"layer4"};
  EXPECT_EQ(expandnet::testing::error_of([&] { fine_tune(*net, settings_); }),
            "--freeze: a pattern must name parameters of the net, got "
            "\"layer4\"; the net has conv1, bn1, conv2, bn2, conv3, bn3, fc1, "
            "fc2");
}

}  // namespace
}  // namespace expandnet::examples
