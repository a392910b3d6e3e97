#include "passes/check.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/nn/run.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/table.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"
#include "passes/probe.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

Affine to(const Affine& affine, const at::TensorOptions& options) {
  return {
      affine.weight.detach().to(options),
      affine.bias.defined() ? affine.bias.detach().to(options) : affine.bias};
}

/// Epsilons that a layer may lose in its dtype, relative to its largest number.
/// A cast loses half of one while that number is a normal one, and one where
/// the cast from fp64 goes over fp32; what is lost below the normal numbers is
/// more, up to everything.
constexpr double kMostLost = 2;

double largest_of(const at::Tensor& values) {
  return values.defined() && values.numel() > 0
             ? values.abs().max().item<double>()
             : 0;
}

/// What the cast has lost, relative to the largest number; a bias stands beside
/// a weight, and may be small for it.
double loss(const Affine& compact, const Affine& exact) {
  const auto of_weight = largest_of(exact.weight);
  const auto of_bias = std::max(of_weight, largest_of(exact.bias));
  const auto lost = [](const at::Tensor& kept, const at::Tensor& values,
                       double scale) {
    if (!values.defined() || scale == 0) return 0.0;
    return largest_of(kept.to(values.options()) - values) / scale;
  };
  return std::max(lost(compact.weight, exact.weight, of_weight),
                  lost(compact.bias, exact.bias, of_bias));
}

/// The smallest number of all precision.
double smallest_normal(at::ScalarType dtype) {
  return dtype == at::kHalf     ? 0x1p-14
         : dtype == at::kDouble ? std::numeric_limits<double>::min()
                                : std::numeric_limits<float>::min();
}

/// The distance from 1 to the next number.
double epsilon_of(at::ScalarType dtype) {
  return dtype == at::kHalf       ? 0x1p-10
         : dtype == at::kBFloat16 ? 0x1p-7
         : dtype == at::kDouble   ? std::numeric_limits<double>::epsilon()
                                  : std::numeric_limits<float>::epsilon();
}

std::string beyond(double error, double tolerance) {
  return scientific(error) + " (tolerance " + scientific(tolerance) + ")";
}

}  // namespace

bool is_finite(const Affine& affine) {
  return affine.weight.isfinite().all().item<bool>() &&
         (!affine.bias.defined() || affine.bias.isfinite().all().item<bool>());
}

void check_contractible(const ChainImpl& chain, const Site& site) {
  TORCH_CHECK(
      !chain.options().activation(),
      error_message(site, "only a linear chain contracts", "a nonlinear twin",
                    "hand its factors over to a linear chain"));
  const auto factors = chain.factors();
  check_factors(chain.plan(), factors, site);
  check_finite(factors, site);
}

Affine exact_fold(const Plan& plan, const std::vector<Affine>& factors) {
  const auto fp64 = at::TensorOptions(at::kDouble).device(at::kCPU);
  std::vector<Affine> exact;
  exact.reserve(factors.size());
  for (const auto& factor : factors) exact.push_back(to(factor, fp64));
  const auto folded = fold(plan, exact);
  return {folded.weight, folded.bias};
}

void check_finite(const std::vector<Affine>& factors, const Site& site) {
  for (std::size_t i = 0; i < factors.size(); ++i) {
    TORCH_CHECK(is_finite(factors[i]),
                error_message(site, "factors must be finite",
                              "inf or nan in factor " + std::to_string(i),
                              "go back to a checkpoint before the divergence"));
  }
}

void check_in_range(const Affine& compact, const std::function<Affine()>& exact,
                    const Site& site, const std::string& what,
                    const std::string& remedy) {
  const auto dtype = compact.weight.scalar_type();
  const auto rule = what + " must keep to the range of its dtype";
  TORCH_CHECK(is_finite(compact), error_message(site, rule,
                                                std::string("inf or nan in ") +
                                                    c10::toString(dtype),
                                                remedy));
  if (largest_of(compact.weight) >= smallest_normal(dtype)) return;
  const auto values = exact();
  const auto lost = loss(compact, values);
  TORCH_CHECK(lost <= kMostLost * epsilon_of(dtype),
              error_message(site, rule,
                            "numbers of at most " +
                                scientific(std::max(largest_of(values.weight),
                                                    largest_of(values.bias))) +
                                ", of which " + c10::toString(dtype) +
                                " loses " + scientific(lost),
                            remedy));
}

LayerReport check_chain(const Plan& plan,
                        const std::vector<Affine>& own_factors,
                        const Affine& compact, const VerifyOptions& options,
                        const Site& site) {
  const OneThread one_thread;
  const auto fp64 = at::TensorOptions(at::kDouble).device(at::kCPU);
  std::vector<Affine> factors;
  factors.reserve(own_factors.size());
  for (const auto& factor : own_factors) factors.push_back(to(factor, fp64));
  const auto folded = fold(plan, factors);
  const auto input = probe(plan.layer);
  const auto expected = run_chain(plan, factors, input);
  const auto exact =
      run_compact(plan.layer, {folded.weight.contiguous(), folded.bias}, input);
  const auto own =
      run_compact(plan.layer, compact, input.to(compact.weight.options()));

  LayerReport report;
  report.path = site.path;
  report.strategy = name(plan.strategy);
  report.widths = plan.widths();
  report.parameters_before = plan.parameter_count();
  report.parameters_after = plan.layer.parameter_count();
  report.error_fp64 = relative_error(exact, expected);
  // Of finite weights, too, the outputs may leave the range of Half.
  const auto error = relative_error(own.to(fp64), expected);
  report.error_dtype =
      std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
  report.dtype = c10::toString(compact.weight.scalar_type());
  TORCH_CHECK(
      report.error_fp64 <= options.tolerance,
      error_message(
          site, "the compact layer must compute what its chain does",
          "a relative error of " + beyond(report.error_fp64, options.tolerance),
          "the factors' magnitudes may differ too much"));
  return report;
}

CheckedModel check_all(torch::nn::Module& model, const VerifyOptions& options,
                       const std::string& caller) {
  CheckedModel checked;
  std::vector<ChainedLayer> chains;
  std::int64_t already_contracted = 0;
  for (const auto& [path, layer] : expanded_layers(model)) {
    if (layer->is_contracted()) {
      ++already_contracted;
      continue;
    }
    checked.layers.push_back(layer);
    chains.push_back(chained_layer(path, *layer));
  }
  TORCH_CHECK(
      !chains.empty() || already_contracted > 0,
      error_message(caller, "the model must hold an expanded layer", "none",
                    "build it with ExpandedConv2d, ExpandedLinear or "
                    "their siblings"));
  auto [report, contracted] = check_chains(chains, options, caller);
  report.already_contracted = already_contracted;
  checked.report = std::move(report);
  checked.contracted = std::move(contracted);
  return checked;
}

ChainedLayer chained_layer(const std::string& path,
                           const ExpandedLayer& layer) {
  ChainedLayer chained{path, layer.chain.get(), {}, std::nullopt, std::nullopt};
  if (layer.has_run()) {
    chained.input_size = layer.input_size();
    chained.work =
        layer.batch() * multiply_adds(layer.layer(), layer.input_size());
  }
  return chained;
}

}  // namespace expandnet
