#include "passes/check.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <c10/util/Exception.h>
#include <expandnet/nn/run.h>

#include <algorithm>
#include <cmath>

#include "fold/complaint.h"
#include "passes/table.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

Affine to(const Affine& affine, const at::TensorOptions& options) {
  return {
      affine.weight.detach().to(options),
      affine.bias.defined() ? affine.bias.detach().to(options) : affine.bias};
}

bool is_finite(const Affine& affine) {
  return affine.weight.isfinite().all().item<bool>() &&
         (!affine.bias.defined() || affine.bias.isfinite().all().item<bool>());
}

/// A sample whose output holds both borders, something between them, and a
/// last stride that does not fit.
at::Tensor probe(const CompactLayer& layer) {
  std::vector<std::int64_t> shape = {1, layer.in_channels};
  for (std::size_t d = 0; d < layer.kernel_size.size(); ++d) {
    const auto reach = layer.dilation[d] * (layer.kernel_size[d] - 1) + 1;
    const auto side = layer.transposed ? 3 : reach + 2 * layer.stride[d] + 1;
    const auto padding =
        std::max(layer.padding_before[d], layer.padding_after[d]);
    shape.push_back(layer.transposed
                        ? std::max(side, 2 * padding / layer.stride[d] + 2)
                        : std::max(side, padding + 1));
  }
  auto generator = at::make_generator<at::CPUGeneratorImpl>(0);
  return at::randn(shape, generator, at::TensorOptions(at::kDouble));
}

/// One thread while it lives. A grouped convolution in fp64 is thousands of
/// tiny products; starting threads for each takes longer than all of them, on
/// busy cores a hundred times.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) {
    if (before_ != 1) at::set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) at::set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

std::string beyond(double error, double tolerance) {
  return scientific(error) + " (tolerance " + scientific(tolerance) + ")";
}

}  // namespace

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = (actual.to(at::kDouble) - expected.to(at::kDouble))
                              .abs()
                              .max()
                              .item<double>();
  const auto scale = expected.to(at::kDouble).abs().max().item<double>();
  return difference == 0 ? 0 : difference / scale;
}

void check_contractible(const ChainImpl& chain, const Site& site) {
  TORCH_CHECK(
      !chain.options().activation(),
      complaint(site, "only a linear chain contracts", "a nonlinear twin",
                "hand its factors over to a linear chain"));
  const auto factors = chain.factors();
  check_factors(chain.plan(), factors, site);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    TORCH_CHECK(is_finite(factors[i]),
                complaint(site, "factors must be finite",
                          "inf or nan in factor " + std::to_string(i),
                          "go back to a checkpoint before the divergence"));
  }
}

LayerReport check_chain(const ChainImpl& chain, const Affine& compact,
                        const VerifyOptions& options, const Site& site) {
  const OneThread one_thread;
  const auto& plan = chain.plan();
  const auto fp64 = at::TensorOptions(at::kDouble).device(at::kCPU);
  std::vector<Affine> factors;
  for (const auto& factor : chain.factors()) {
    factors.push_back(to(factor, fp64));
  }
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
  report.error_dtype = relative_error(own.to(fp64), expected);
  report.dtype = c10::toString(compact.weight.scalar_type());
  TORCH_CHECK(
      report.error_fp64 <= options.tolerance,
      complaint(
          site, "the compact layer must compute what its chain does",
          "a relative error of " + beyond(report.error_fp64, options.tolerance),
          "the factors' magnitudes may differ too much"));
  return report;
}

CheckedModel check_all(torch::nn::Module& model, const VerifyOptions& options,
                       const std::string& caller) {
  const torch::NoGradGuard no_grad;
  const auto layers = expanded_layers(model);
  TORCH_CHECK(
      !layers.empty(),
      complaint({caller, ""}, "the model must hold an expanded layer", "none",
                "build it with ExpandedConv2d, ExpandedLinear or "
                "their siblings"));
  CheckedModel checked;
  for (const auto& [path, layer] : layers) {
    if (layer->is_contracted()) {
      ++checked.report.already_contracted;
      continue;
    }
    const Site site{caller, path};
    check_contractible(*layer->chain, site);
    auto compact = layer->contracted();
    auto report = check_chain(*layer->chain, compact, options, site);
    if (layer->has_run()) {
      const auto& size = layer->input_size();
      report.multiply_adds_before = multiply_adds(layer->plan(), size);
      report.multiply_adds_after = multiply_adds(layer->layer(), size);
    }
    checked.report.layers.push_back(std::move(report));
    checked.layers.push_back({layer, std::move(compact)});
  }
  return checked;
}

}  // namespace expandnet
