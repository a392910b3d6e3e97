#include "cifar/nets.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/models/analysis_net.h>
#include <expandnet/models/recipes.h>
#include <expandnet/models/resnet.h>
#include <expandnet/models/small_net.h>
#include <expandnet/train/distillation.h>
#include <fmt/format.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "common/expanded_small_net.h"
#include "trainer/run.h"

namespace expandnet::examples::cifar {

namespace {

constexpr std::int64_t kEvaluationBatch = 256;

models::SmallNetOptions small_net_options(const Arguments& arguments,
                                          std::int64_t classes) {
  return models::SmallNetOptions()
      .kernel_size(arguments.kernel)
      .classes(classes);
}

Selector selector_of(const Arguments& arguments, const std::string& recipe,
                     bool twin) {
  const auto& settings = arguments.settings;
  ExpansionOptions options;
  options.rate(settings.rate);
  if (settings.init != "twin") {
    options.initial_values(value_in(kInitialValues, settings.init));
  }
  if (twin) options.activation(torch::relu);
  return models::small_net_recipe(recipe, options,
                                  arguments.first_layer == "kept"
                                      ? models::InputWidth::kKept
                                      : models::InputWidth::kWidened);
}

train::Model expanded_modules(const Arguments& arguments, std::int64_t classes,
                              const std::string& recipe, bool twin) {
  const bool chained = twin || arguments.settings.execution == "chained";
  return train::model_of(
      ExpandedSmallNet(small_net_options(arguments, classes),
                       selector_of(arguments, recipe, twin),
                       chained ? Execution::kChained : Execution::kFolded));
}

data::BatchOptions batch_options(const Arguments& arguments,
                                 c10::MemoryFormat memory_format) {
  auto [mean, deviation] = data::channel_statistics(arguments.dataset);
  mean.resize(3, mean.front());  // grey, shown three times
  deviation.resize(3, deviation.front());
  data::BatchOptions options;
  options.batch_size = arguments.settings.batch_size;
  options.padding = arguments.padding;
  options.flip = arguments.flip;
  options.mean = mean;
  options.deviation = deviation;
  options.seed = arguments.settings.seed;
  options.memory_format = memory_format;
  return options;
}

train::TrainingParts::Loss distilling(const Arguments& arguments,
                                      std::int64_t classes,
                                      const Machine& machine) {
  const auto& folder = arguments.settings.teacher;
  const auto of_teacher = arguments_of_run(folder);
  TORCH_CHECK(of_teacher.dataset == arguments.dataset,
              "--teacher: must have learnt ", arguments.dataset, ", got ",
              of_teacher.dataset, " in \"", folder, "\"");
  const auto teacher = load_run(folder, of_teacher, classes, machine.device);
  train::set_memory_format(*teacher.module, machine.memory_format);
  return [teacher, options = distillation_options(arguments.settings)](
             const torch::Tensor& logits, const torch::Tensor& images,
             const torch::Tensor& labels) {
    const auto soft = [&] {
      const at::NoGradGuard no_grad;
      return teacher.forward(images);
    }();
    return train::distillation_loss(logits, soft, labels, options);
  };
}

/// A copy of `batches` that a run has for itself.
std::unique_ptr<data::BatchSource> copy_of(const data::Batches& batches,
                                           std::uint64_t seed) {
  return std::make_unique<data::Batches>(batches.with_seed(seed));
}

}  // namespace

train::Model compact_net(const Arguments& arguments, std::int64_t classes) {
  if (arguments.net == "analysis") {
    return train::model_of(models::AnalysisNet(classes));
  }
  if (arguments.net == "resnet18") {
    return train::model_of(models::ResNet18(classes));
  }
  return train::model_of(
      models::SmallNet(small_net_options(arguments, classes)));
}

Trainee make_trainee(const Arguments& arguments, std::int64_t classes,
                     const std::string& recipe, const Machine& machine) {
  const bool modules =
      recipe != "none" && arguments.settings.execution != "weight-space";
  Trainee trainee;
  trainee.model = modules ? expanded_modules(arguments, classes, recipe, false)
                          : compact_net(arguments, classes);
  trainee.model.module->to(machine.device);
  trainee.has_chains = recipe != "none";
  if (modules) return trainee;
  train::set_memory_format(*trainee.model.module, machine.memory_format);
  if (recipe != "none") {
    trainee.expansion = std::make_unique<Expansion>(
        expand(*trainee.model.module, selector_of(arguments, recipe, false)));
  }
  return trainee;
}

std::string title_of(const Arguments& arguments) {
  const auto net =
      arguments.net == "smallnet"
          ? fmt::format("SmallNet {0}x{0}", arguments.kernel)
          : std::string(arguments.net == "analysis" ? "The analysis net"
                                                    : "ResNet-18");
  return net + " on " + arguments.dataset;
}

Images load_images(const Arguments& arguments, c10::Device device) {
  const auto load = [&](data::Split split) {
    return data::as_rgb32(data::load_image_set(arguments.dataset,
                                               arguments.settings.data, split));
  };
  auto parts = data::split(load(data::Split::kTrain), arguments.validation,
                           arguments.split_seed);
  Images images{std::move(parts.training), std::move(parts.validation),
                load(data::Split::kTest)};
  for (auto* set : {&images.training, &images.validation, &images.test}) {
    set->images = set->images.to(device);
    set->labels = set->labels.to(device);
  }
  return images;
}

data::Batches plain_batches(const Arguments& arguments,
                            const data::ImageSet& set,
                            c10::MemoryFormat memory_format) {
  auto options = batch_options(arguments, memory_format).plain();
  options.batch_size = kEvaluationBatch;
  return {set.images, set.labels, options};
}

Maker make_maker(const Arguments& arguments, const Images& images,
                 const Machine& machine) {
  const auto classes = images.training.classes;
  const data::Batches training(images.training.images, images.training.labels,
                               batch_options(arguments, machine.memory_format));
  const auto validation =
      arguments.validation > 0
          ? std::make_shared<data::Batches>(plain_batches(
                arguments, images.validation, machine.memory_format))
          : nullptr;
  const auto test =
      plain_batches(arguments, images.test, machine.memory_format);

  Maker maker;
  maker.trainee = [=](const std::string& recipe) {
    return make_trainee(arguments, classes, recipe, machine);
  };
  if (arguments.settings.init == "twin") {
    maker.twin = [=](const std::string& recipe) {
      Trainee trainee;
      trainee.model = expanded_modules(arguments, classes, recipe, true);
      trainee.model.module->to(machine.device);
      return trainee;
    };
  }
  maker.data = [=](std::uint64_t seed) {
    RunData data;
    data.training = copy_of(training, seed);
    if (validation != nullptr) data.validation = copy_of(*validation, seed);
    data.test = copy_of(test, seed);
    return data;
  };
  if (!arguments.settings.teacher.empty()) {
    maker.loss = distilling(arguments, classes, machine);
  }
  return maker;
}

train::Model load_run(const std::string& folder, const Arguments& arguments,
                      std::int64_t classes, c10::Device device) {
  const auto file = (std::filesystem::path(folder) / kWeightsFile).string();
  TORCH_CHECK(std::filesystem::exists(file),
              "expandnet-cifar: a finished run must hold ", kWeightsFile,
              ", got none in \"", folder, "\"; finish it by --resume");
  auto model = compact_net(arguments, classes);
  model.module->to(device);
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file, device);
    model.module->load(archive);
  } catch (const c10::Error& error) {
    TORCH_CHECK(false, "expandnet-cifar: ", kWeightsFile,
                " must be whole and of this net, got \"", file, "\" (",
                error.what_without_backtrace(), ")");
  }
  model.module->eval();
  return model;
}

}  // namespace expandnet::examples::cifar
