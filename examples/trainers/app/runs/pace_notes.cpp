#include "trainers/app/runs/pace_notes.h"

#include <fmt/format.h>

#include <algorithm>

#include "trainers/app/runs/training_options.h"

namespace expandnet::examples {

std::vector<std::string> pace_notes(const TrainableModel& trainable,
                                    const Settings& settings) {
  const auto& init = settings.init;
  const bool keeps_spread =
      !init.twin && (init.values == InitialValues::kPreserving ||
                     init.values == InitialValues::kMatched);
  const bool is_noted =
      settings.lr_chains == 0 || (settings.lr_chains == 1 && keeps_spread &&
                                  settings.optimizer == OptimizerChoice::kSGD);
  if (!is_noted || !trainable.has_chains) return {};
  const auto scales = scales_of(trainable);
  const auto fastest = std::max_element(
      scales.begin(), scales.end(),
      [](const auto& a, const auto& b) { return a.mean < b.mean; });
  if (fastest == scales.end()) return {};
  if (settings.lr_chains == 0) {
    return {fmt::format(
        "--lr-chains 0 multiplies the learning rates of the chains by {:.2g} "
        "({}) to 1",
        1 / std::max(1.0, fastest->mean), fastest->path)};
  }
  if (fastest->mean <= kNotablePace) return {};
  return {fmt::format(
      "{}: at the start a step moves the weight {:.2g} times as far as the "
      "same --lr moves a compact one, the most of all chains; if the loss "
      "grows, lower --lr or give --lr-chains 0",
      fastest->path, fastest->mean)};
}

}  // namespace expandnet::examples
