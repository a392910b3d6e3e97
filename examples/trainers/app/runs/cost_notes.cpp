#include "trainers/app/runs/cost_notes.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace expandnet::examples {

namespace {

std::string in_percent(double share) {
  return fmt::format(share < 0.1 ? "{:.1f} %" : "{:.0f} %", 100 * share);
}

/// A chain whose fold and pull back are a notable part of its layer's step.
struct Costly {
  std::string path;
  double of_layer = 0;  ///< a share of the layer's own step
  double of_net = 0;    ///< of the net's
};

constexpr std::size_t kNamed = 3;  ///< the costliest

std::string note_on(std::vector<Costly> chains, std::int64_t images) {
  std::stable_sort(
      chains.begin(), chains.end(),
      [](const Costly& a, const Costly& b) { return a.of_net > b.of_net; });
  double of_net = 0;
  for (const auto& chain : chains) of_net += chain.of_net;
  std::string names;
  for (std::size_t i = 0; i < std::min(chains.size(), kNamed); ++i) {
    names += fmt::format("{}{} {}", i == 0 ? "" : ", ", chains[i].path,
                         in_percent(chains[i].of_layer));
  }
  if (chains.size() > kNamed) {
    names += fmt::format(" and {} more (--dry-run lists them)",
                         chains.size() - kNamed);
  }
  return fmt::format(
      "fold and pull back count, at {} images an update, {} of the net's own "
      "step; of the layer's own: {}; a lower --rate, narrower widths, or a "
      "larger --batch-size or --accumulate make it less",
      images, in_percent(of_net), names);
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
  std::vector<Costly> chains;
  for (const auto& row : summary.rows) {
    if (!row.cost()) continue;
    const auto cost = *row.cost() / static_cast<double>(images);
    if (cost <= kNotableCost) continue;
    const auto of_net =
        static_cast<double>(*row.chain_step_multiply_adds) /
        static_cast<double>(*summary.total().compact_step_multiply_adds) /
        static_cast<double>(images);
    chains.push_back({row.path, cost, of_net});
  }
  if (chains.empty()) return {};
  return {note_on(std::move(chains), images)};
}

}  // namespace expandnet::examples
