#include "trainers/cifar/cifar_trainer.h"

#include <ATen/ops/relu.h>
#include <c10/util/StringUtil.h>
#include <expandnet/data/sets/load_image_set.h>
#include <expandnet/models/analysis_net.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/models/mobilenet_v2.h>
#include <expandnet/models/resnet.h>
#include <expandnet/models/shufflenet_v2.h>
#include <expandnet/models/small_net_recipes.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "command_line/checks.h"
#include "trainers/app/runs/grid.h"
#include "trainers/app/runs/layer_strategies.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/cifar/cifar_images.h"
#include "trainers/cifar/expanded_small_net.h"

namespace expandnet::examples {

namespace {

/// The recipe of the nets for ImageNet.
constexpr const char* kPaper = "paper";

}  // namespace

bool CifarTrainer::is_mobile() const {
  const auto& nets = models::imagenet_nets();
  return std::find(nets.begin(), nets.end(), net_) != nets.end();
}

std::unique_ptr<Trainer> CifarTrainer::clone() const {
  return std::make_unique<CifarTrainer>(*this);
}

void CifarTrainer::add_flags(CLI::App& app) {
  app.add_option("--dataset", dataset_)
      ->check(CLI::IsMember(data::image_set_names()));
  app.add_option(
         "--validation", validation_,
         "training images set apart to choose the epoch on, and the best "
         "of several values")
      ->check(not_negative());
  app.add_option("--split-seed", training_.seed,
                 "which images are set apart, left out and mislabelled; the "
                 "same for all runs");
  add_training_images(app, training_);
  app.add_option("--padding", padding_,
                 "pixels around the image for its random crop; 0: no crop")
      ->check(not_negative());
  app.add_option("--flip", flip_, "true or false: left to right");
  app.add_option("--net", net_,
                 "or a file of TorchScript from Python, NAME.pt, whose layers "
                 "--expand default chooses")
      ->check(net_among({"smallnet", "analysis", "resnet18", "mobilenet_v1",
                         "mobilenet_v2", "shufflenet_v2"}));
  app.add_option("--kernel", kernel_, "side of smallnet's, odd")
      ->check(positive());
  app.add_option("--first-layer", first_layer_,
                 "kept: the first factor of a layer with three input channels "
                 "makes three again, as in the official code")
      ->check(CLI::IsMember({"kept", "widened"}));
}

void CifarTrainer::set_defaults(Command command) {
  const std::string recipe = is_script(net_) ? kDefaultRecipe
                             : is_mobile()   ? kPaper
                                             : "ck+fc";
  if (is_script(net_)) settings.init = {InitialValues::kPreserving};
  settings.expand = {recipe};
  if (command == Command::kCompare) settings.expand = {"none", recipe};
}

void CifarTrainer::check() const {
  if (kernel_ % 2 == 0) {
    throw CLI::ValidationError("--kernel",
                               "must be odd, got " + std::to_string(kernel_));
  }
  if (settings.select == train::Select::kBestValidation && validation_ == 0) {
    throw CLI::ValidationError(
        "--select",
        "best needs validation images, got none; set some apart by "
        "--validation, or use last or test-best");
  }
  if (has_choice(settings.grid) && validation_ == 0) {
    throw CLI::ValidationError(
        "--validation",
        "must set images apart to choose one of several values on, got 0");
  }
  if (net_ != "smallnet" && kernel_ != CifarTrainer().kernel_) {
    throw CLI::ValidationError(
        "--kernel",
        fmt::format("is of smallnet, got {} for {}", kernel_, net_));
  }
  if (is_script(net_) && first_layer_ != CifarTrainer().first_layer_) {
    throw CLI::ValidationError(
        "--first-layer",
        "is of the program's own nets, got " + first_layer_ + " for " + net_);
  }
  check_script_recipes(net_, settings.expand);
  for (const auto& recipe : settings.expand) {
    if (recipe == "none" || is_script(net_)) continue;
    const auto& mobile = models::imagenet_recipes();
    const bool is_of_mobile =
        std::find(mobile.begin(), mobile.end(), recipe) != mobile.end();
    if (is_mobile() ? is_of_mobile : recipe != kPaper) continue;
    throw CLI::ValidationError(
        "--expand", is_mobile() ? "must be " + c10::Join(", ", mobile) +
                                      " for " + net_ + ", got " + recipe
                                : "paper is of mobilenet_v1, mobilenet_v2 and "
                                  "shufflenet_v2, got " +
                                      net_);
  }
  const bool modules =
      settings.execution != ExecutionChoice::kWeightSpace || settings.init.twin;
  if (modules && net_ != "smallnet") {
    throw CLI::ValidationError(
        settings.init.twin ? "--init" : "--execution",
        "expanded modules are written for smallnet, got " + net_ +
            "; weight-space trains any net");
  }
}

std::vector<std::string> CifarTrainer::recipes() const {
  auto names = models::small_net_recipes();
  names.emplace_back(kPaper);
  names.emplace_back(kDefaultRecipe);
  return names;
}

std::vector<std::string> CifarTrainer::sets() const {
  return {"test", "validation", "training"};
}

std::string CifarTrainer::title() const {
  const auto net = net_ == "smallnet" ? fmt::format("SmallNet {0}x{0}", kernel_)
                   : net_ == "analysis"     ? std::string("The analysis net")
                   : net_ == "resnet18"     ? std::string("ResNet-18")
                   : is_script(net_)        ? net_
                   : net_ == "mobilenet_v1" ? std::string("MobileNetV1")
                   : net_ == "mobilenet_v2" ? std::string("MobileNetV2")
                                            : std::string("ShuffleNetV2 0.5x");
  return net + " on " + dataset_;
}

std::vector<std::string> CifarTrainer::notes() const {
  if (settings.select != train::Select::kBestTest) return {};
  return {
      "The test set chose the epochs (--select test-best), so its accuracies "
      "are optimistic."};
}

std::vector<tasks::Metric> CifarTrainer::metrics() const {
  return {Trainer::metrics().front()};
}

std::int64_t CifarTrainer::classes_of_run(const std::string& /*folder*/) const {
  return data::class_count(dataset_);
}

std::unique_ptr<Images> CifarTrainer::load_images(
    const Machine& machine, const std::string& /*run*/) const {
  CifarImagesOptions options;
  options.dataset = dataset_;
  options.folder = settings.data;
  options.validation = validation_;
  options.split_seed = training_.seed;
  options.training = training_;
  options.device = machine.device;
  options.batches.batch_size = settings.batch_size;
  options.batches.padding = padding_;
  options.batches.flip = flip_;
  options.batches.augment = training_.augment;
  options.batches.seed = settings.seed;
  options.batches.memory_format = machine.memory_format;
  return std::make_unique<CifarImages>(options);
}

models::SmallNetOptions CifarTrainer::small_net_options(
    std::int64_t classes) const {
  return models::SmallNetOptions().kernel_size(kernel_).classes(classes);
}

torch::Tensor CifarTrainer::example() const {
  return torch::zeros({1, 3, 32, 32});
}

std::string CifarTrainer::script() const { return is_script(net_) ? net_ : ""; }

train::Model CifarTrainer::compact_net(std::int64_t classes) const {
  if (is_script(net_)) return script_net(net_, classes, example(), settings);
  if (net_ == "analysis") return train::model_of(models::AnalysisNet(classes));
  if (net_ == "resnet18") return train::model_of(models::ResNet18(classes));
  if (net_ == "mobilenet_v1") {
    return train::model_of(models::MobileNetV1(
        models::MobileNetV1Options().classes(classes).small_images(true)));
  }
  if (net_ == "mobilenet_v2") {
    return train::model_of(models::MobileNetV2(
        models::MobileNetV2Options().classes(classes).small_images(true)));
  }
  if (net_ == "shufflenet_v2") {
    return train::model_of(models::ShuffleNetV2(
        models::ShuffleNetV2Options().classes(classes).small_images(true)));
  }
  return train::model_of(models::SmallNet(small_net_options(classes)));
}

Selector CifarTrainer::selector_of(const std::string& recipe, bool twin) const {
  auto options = expansion_options(settings);
  if (twin) options.narrow(false).activation(at::relu);
  if (is_mobile()) return models::imagenet_recipe(net_, recipe, options);
  return models::small_net_recipe(recipe, options,
                                  first_layer_ == "kept"
                                      ? models::InputWidth::kKept
                                      : models::InputWidth::kWidened);
}

train::Model CifarTrainer::expanded_modules(const std::string& recipe,
                                            std::int64_t classes,
                                            bool twin) const {
  const bool chained = twin || settings.execution == ExecutionChoice::kChained;
  return train::model_of(
      ExpandedSmallNet(small_net_options(classes), selector_of(recipe, twin),
                       chained ? Execution::kChained : Execution::kFolded));
}

TrainableModel CifarTrainer::make_trainable(const std::string& recipe,
                                            std::int64_t classes,
                                            const Machine& machine) const {
  if (is_script(net_)) {
    return script_model(compact_net(classes), recipe, example(), machine,
                        settings);
  }
  if (recipe == "none" || settings.execution == ExecutionChoice::kWeightSpace) {
    return weight_space_model(compact_net(classes), recipe,
                              selector_of(recipe, /*twin=*/false), machine,
                              settings);
  }
  TrainableModel trainable;
  trainable.model = expanded_modules(recipe, classes, /*twin=*/false);
  trainable.model.module->to(machine.device);
  trainable.has_chains = true;
  return trainable;
}

std::optional<TrainableModel> CifarTrainer::make_twin(
    const std::string& recipe, std::int64_t classes,
    const Machine& machine) const {
  TrainableModel trainable;
  trainable.model = expanded_modules(recipe, classes, /*twin=*/true);
  trainable.model.module->to(machine.device);
  return trainable;
}

}  // namespace expandnet::examples
