#include "passes/chained_layer.h"

#include <ATen/core/grad_mode.h>
#include <expandnet/fold/cost.h>
#include <expandnet/nn/run.h>

#include <utility>

#include "fold/site_message.h"
#include "passes/check.h"

namespace expandnet {

CheckedChains check_chains(const std::vector<ChainedLayer>& layers,
                           const VerifyOptions& options,
                           const std::string& caller) {
  const at::NoGradGuard no_grad;
  CheckedChains checked;
  for (const auto& layer : layers) {
    const Site site{caller, layer.path};
    check_contractible(*layer.chain, site);
    auto contracted = layer.chain->contracted();
    const auto& plan = layer.chain->plan();
    const auto exact = [&] { return exact_fold(plan, layer.chain->factors()); };
    check_in_range(contracted, exact, site, "a contracted layer",
                   "convert the model to a wider dtype");
    auto report =
        check_chain(plan, layer.chain->factors(),
                    layer.compact.weight.defined() ? layer.compact : contracted,
                    options, site);
    const auto& asked = layer.chain->asked();
    report.widths = asked.widths();
    report.parameters_before = asked.parameter_count();
    if (layer.chain->is_narrowed()) {
      report.parameters_kept = plan.parameter_count();
    }
    if (layer.input_size) {
      report.multiply_adds_before = multiply_adds(asked, *layer.input_size);
      report.multiply_adds_after = multiply_adds(plan.layer, *layer.input_size);
    }
    checked.report.layers.push_back(std::move(report));
    checked.contracted.push_back(std::move(contracted));
  }
  return checked;
}

SummaryRow summary_row(const ChainedLayer& layer) {
  const auto& plan = layer.chain->plan();
  const auto bytes = [](std::int64_t count, at::ScalarType dtype) {
    return count * static_cast<std::int64_t>(c10::elementSize(dtype));
  };
  SummaryRow row;
  row.path = layer.path.empty() ? "(model)" : layer.path;
  const auto& asked = layer.chain->asked();
  row.expansion = std::string(name(plan.strategy)) + " " + asked.widths();
  row.train_parameters = asked.parameter_count();
  if (layer.chain->is_narrowed()) row.kept_parameters = plan.parameter_count();
  row.deploy_parameters = plan.layer.parameter_count();
  row.deploy_bytes = bytes(row.deploy_parameters, layer.chain->dtype());
  // Factors and their gradients, and the same of a compact layer beside them.
  row.train_bytes =
      2 * bytes(plan.parameter_count(),
                layer.chain->factors().front().weight.scalar_type());
  if (layer.compact.weight.defined()) row.train_bytes += 2 * row.deploy_bytes;
  if (!layer.chain->options().activation()) {
    row.chain_step_multiply_adds = step_multiply_adds(plan);
  }
  row.initial_spread = layer.chain->initial_spread();
  if (layer.work) row.compact_step_multiply_adds = 3 * *layer.work;
  if (layer.input_size) {
    row.chained_multiply_adds = multiply_adds(asked, *layer.input_size);
    row.compact_multiply_adds = multiply_adds(plan.layer, *layer.input_size);
  }
  return row;
}

}  // namespace expandnet
