#include "passes/max_cost.h"

#include <expandnet/fold/cost.h>
#include <expandnet/fold/narrow.h>
#include <expandnet/fold/plan.h>
#include <fmt/format.h>

#include <cmath>
#include <unordered_map>

#include "fold/site_message.h"
#include "passes/target.h"

namespace expandnet {

namespace {

/// A layer and the multiply-adds of its forward passes in an update.
struct Worked {
  CompactLayer layer;
  std::int64_t work;
};

double cost_of(const Worked& worked, const ExpansionOptions& options,
               const Site& site) {
  auto chain = plan(worked.layer, options, site);
  if (options.narrow()) chain = narrow(chain);
  return static_cast<double>(step_multiply_adds(chain)) /
         (3 * static_cast<double>(worked.work));
}

/// The largest rate, to a hundredth, from 1 up to that of `options`, that costs
/// no more than `share`; 0 if none does.
double affordable_rate(const Worked& worked, ExpansionOptions options,
                       double share, const Site& site) {
  const auto fits = [&](std::int64_t hundredths) {
    options.rate(static_cast<double>(hundredths) / 100);
    return cost_of(worked, options, site) <= share;
  };
  std::int64_t low = 100;
  auto high = static_cast<std::int64_t>(std::ceil(100 * options.rate()));
  if (high <= low || !fits(low)) return 0;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return static_cast<double>(low) / 100;
}

}  // namespace

CostLimit cost_limit(const MaxCost& max_cost, torch::nn::Module& model,
                     const LayerWork& work, std::vector<std::string>& notes) {
  const auto share = max_cost.share;
  std::unordered_map<std::string, Worked> layers;
  for (const auto& target : find_targets(model)) {
    const auto found =
        work.find(target.parameters.weight.unsafeGetTensorImpl());
    if (found == work.end() || found->second == 0) continue;
    if (max_cost.excepts && max_cost.excepts(target.path)) continue;
    layers.emplace(target.path,
                   Worked{target.layer, found->second * max_cost.passes});
  }
  return [=, &notes](const std::string& path, const ExpansionOptions& options)
             -> std::optional<ExpansionOptions> {
    const auto found = layers.find(path);
    if (found == layers.end()) return options;
    const Site site{"expand", path};
    const auto cost = cost_of(found->second, options, site);
    if (cost <= share) return options;
    const auto why =
        fmt::format("{:.1f} % of the layer's own step, above {:.1f} %",
                    100 * cost, 100 * share);
    const auto rate = options.widths().empty()
                          ? affordable_rate(found->second, options, share, site)
                          : 0;
    if (rate == 0) {
      notes.push_back(fmt::format(
          "\"{}\" stays compact: fold and pull back would be {}", path, why));
      return std::nullopt;
    }
    notes.push_back(
        fmt::format("\"{}\" has rate {} in place of {}, at which fold and pull "
                    "back would be {}",
                    path, rate, options.rate(), why));
    return ExpansionOptions(options).rate(rate);
  };
}

}  // namespace expandnet
