#include "trainers/app/runs/run_context.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/train/distillation.h>
#include <torch/types.h>

#include <string>

#include "base/error.h"
#include "trainers/app/runs/script_net.h"
#include "trainers/app/runs/training_options.h"
#include "trainers/app/runs/weights.h"
#include "trainers/app/settings/arguments.h"

namespace expandnet::examples {

namespace {

train::Model teacher_in_script(const Trainer& trainer, std::int64_t classes,
                               c10::Device device) {
  auto teacher = net_in_script("--teacher", trainer.settings.teacher, classes,
                               trainer.example());
  teacher.module->to(device);
  teacher.module->eval();
  return teacher;
}

train::Model teacher_of_run(const Trainer& trainer, const Images& images,
                            c10::Device device) {
  const auto& folder = trainer.settings.teacher;
  const auto of_teacher = trainer_of_run(trainer, folder);
  const auto classes = of_teacher->classes_of_run(folder);
  TORCH_CHECK(
      classes == images.classes(),
      error_message(
          "--teacher",
          "must have learnt " + std::to_string(images.classes()) + " classes",
          std::to_string(classes) + " in \"" + folder + "\""));
  return load_run(folder, *of_teacher, classes, device);
}

tasks::Task::Loss distilling(const Trainer& trainer, const Images& images,
                             const Machine& machine) {
  const auto teacher =
      is_script(trainer.settings.teacher)
          ? teacher_in_script(trainer, images.classes(), machine.device)
          : teacher_of_run(trainer, images, machine.device);
  train::set_memory_format(*teacher.module, machine.memory_format);
  return [teacher, options = distillation_options(trainer.settings)](
             const data::Tensors& logits, const torch::Tensor& images_of_batch,
             const data::Tensors& labels) {
    const auto soft = [&] {
      const at::NoGradGuard no_grad;
      return teacher.forward(images_of_batch);
    }();
    return train::distillation_loss(logits, soft, labels, options);
  };
}

}  // namespace

RunContext make_context(const Trainer& trainer, const Images& images,
                        const Machine& machine) {
  const auto& settings = trainer.settings;
  RunContext context{trainer, images, machine,
                     trainer.task(images, machine.device)};
  if (!settings.teacher.empty()) {
    context.task.loss = distilling(trainer, images, machine);
  }
  return context;
}

}  // namespace expandnet::examples
