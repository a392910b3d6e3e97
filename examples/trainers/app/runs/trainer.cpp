#include "trainers/app/runs/trainer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/train/distillation.h>
#include <torch/types.h>

#include <exception>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/training_options.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

train::TrainingParts::Loss distilling(const Trainer& trainer,
                                      const Images& images,
                                      const Machine& machine) {
  const auto& folder = trainer.settings.teacher;
  const auto of_teacher = trainer_of_run(trainer, folder);
  const auto classes = of_teacher->classes_of_run(folder);
  TORCH_CHECK(classes == images.classes(), "--teacher: must have learnt ",
              images.classes(), " classes, got ", classes, " in \"", folder,
              "\"");
  const auto teacher = load_run(folder, *of_teacher, classes, machine.device);
  train::set_memory_format(*teacher.module, machine.memory_format);
  return [teacher, options = distillation_options(trainer.settings)](
             const torch::Tensor& logits, const torch::Tensor& images_of_batch,
             const torch::Tensor& labels) {
    const auto soft = [&] {
      const at::NoGradGuard no_grad;
      return teacher.forward(images_of_batch);
    }();
    return train::distillation_loss(logits, soft, labels, options);
  };
}

train::TrainingParts::Loss smoothing(double label_smoothing) {
  return [label_smoothing](const torch::Tensor& logits, const torch::Tensor&,
                           const torch::Tensor& labels) {
    return at::cross_entropy_loss(logits, labels, /*weight=*/{},
                                  at::Reduction::Mean, /*ignore_index=*/-100,
                                  label_smoothing);
  };
}

}  // namespace

Maker make_maker(const Trainer& trainer, const Images& images,
                 const Machine& machine) {
  const auto& settings = trainer.settings;
  const auto classes = images.classes();
  Maker maker;
  maker.trainee = [&trainer, classes, machine](const std::string& recipe) {
    return trainer.make_trainee(recipe, classes, machine);
  };
  if (settings.init.twin) {
    maker.twin = [&trainer, classes, machine](const std::string& recipe) {
      return trainer.make_twin(recipe, classes, machine);
    };
  }
  maker.data = [&images](std::uint64_t seed) { return images.run_data(seed); };
  if (!settings.teacher.empty()) {
    maker.loss = distilling(trainer, images, machine);
  } else if (settings.label_smoothing > 0) {
    maker.loss = smoothing(settings.label_smoothing);
  }
  return maker;
}

train::Model load_run(const std::string& folder, const Trainer& trainer,
                      std::int64_t classes, c10::Device device) {
  const auto file = (std::filesystem::path(folder) / kWeightsFile).string();
  TORCH_CHECK(
      std::filesystem::exists(file),
      error_message(trainer.name(),
                    std::string("a finished run must hold ") + kWeightsFile,
                    "none in \"" + folder + "\"", "finish it by --resume"));
  auto model = trainer.compact_net(classes);
  model.module->to(device);
  try {
    load_weights(*model.module, read_weights(file));
  } catch (const std::exception& error) {
    TORCH_CHECK(
        false, error_message(
                   trainer.name(),
                   std::string(kWeightsFile) + " must be whole and of this net",
                   "\"" + file + "\" (" + message_of(error) + ")"));
  }
  model.module->eval();
  return model;
}

}  // namespace expandnet::examples
