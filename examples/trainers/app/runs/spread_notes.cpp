#include "trainers/app/runs/spread_notes.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace expandnet::examples {

namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool has_batch_norm(const torch::nn::Module& net) {
  for (const auto& buffer : net.named_buffers()) {
    if (ends_with(buffer.key(), "running_mean")) return true;
  }
  return false;
}

}  // namespace

Spreads spreads_of(const torch::nn::Module& net) {
  const torch::NoGradGuard no_grad;
  Spreads spreads;
  for (const auto& parameter : net.named_parameters()) {
    const bool normalizes = parameter.value().dim() < 2;
    if (normalizes || !ends_with(parameter.key(), "weight")) continue;
    spreads[parameter.key()] = parameter.value()
                                   .to(torch::kDouble)
                                   .square()
                                   .mean()
                                   .sqrt()
                                   .item<double>();
  }
  return spreads;
}

std::vector<std::string> spread_notes(const Spreads& before,
                                      const torch::nn::Module& expanded,
                                      const Settings& settings) {
  const auto& init = settings.init;
  const bool is_default = !init.twin && init.values == InitialValues::kDefault;
  if (!is_default) return {};
  const bool only_linear = has_batch_norm(expanded);
  const auto weights = expanded.named_parameters();
  double least = kNotableSpread;
  std::string path;
  for (const auto& [weight, spread] : spreads_of(expanded)) {
    const auto own = before.find(weight);
    if (own == before.end() || own->second == 0) continue;
    if (only_linear && weights[weight].dim() != 2) continue;
    if (spread / own->second >= least) continue;
    least = spread / own->second;
    path = weight;
  }
  if (path.empty()) return {};
  return {fmt::format(
      "{} starts with {:.2g} of the spread of the compact layer's, the least "
      "of all chains; with --init matched chains start with the same spread",
      path, least)};
}

}  // namespace expandnet::examples
