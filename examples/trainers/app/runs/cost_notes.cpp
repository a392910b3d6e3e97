#include "trainers/app/runs/cost_notes.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

namespace expandnet::examples {

namespace {

std::string in_percent(double share) {
  return fmt::format(share < 0.1 ? "{:.1f} %" : "{:.0f} %", 100 * share);
}

}  // namespace

std::vector<std::string> cost_notes(const TrainableModel& trainable,
                                    const RunContext& context) {
  if (trainable.expansion == nullptr) return {};
  const auto& settings = context.settings();
  {
    const at::NoGradGuard no_grad;
    const train::ModeGuard evaluating(trainable.model.module, false);
    const auto image = context.trainer.example().to(context.machine.device);
    trainable.expansion->observe(
        [&] { static_cast<void>(trainable.model.forward(image)); });
  }
  // Each process folds for itself.
  const auto images =
      settings.batch_size / context.machine.size() * settings.accumulate;
  const auto summary = trainable.expansion->summary();
  std::vector<std::string> notes;
  for (const auto& row : summary.rows) {
    if (!row.cost()) continue;
    const auto cost = *row.cost() / static_cast<double>(images);
    if (cost <= kNotableCost) continue;
    const auto of_net =
        static_cast<double>(*row.chain_step_multiply_adds) /
        static_cast<double>(*summary.total().compact_step_multiply_adds) /
        static_cast<double>(images);
    notes.push_back(fmt::format(
        "{}: fold and pull back count {} of the layer's own step at {} images "
        "an update, {} of the net's; a lower --rate, narrower widths, or a "
        "larger --batch-size or --accumulate make it less",
        row.path, in_percent(cost), images, in_percent(of_net)));
  }
  return notes;
}

}  // namespace expandnet::examples
