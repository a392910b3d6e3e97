#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/nn/run.h>
#include <expandnet/passes/fuse_batch_norm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <ostream>

#include "base/table.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"
#include "nn/open_module.h"
#include "passes/check.h"
#include "passes/fused_pairs.h"
#include "passes/probe.h"

namespace expandnet {

namespace {

at::Tensor exact(const at::Tensor& tensor) {
  return tensor.detach().to(at::kCPU, at::kDouble);
}

void check_finite_numbers(const at::Tensor& values, const char* owner,
                          const char* what) {
  TORCH_CHECK(values.isfinite().all().item<bool>(),
              error_message("fuse_batch_norm",
                            std::string(owner) + " must hold finite numbers",
                            std::string("inf or nan in its ") + what,
                            "go back to a checkpoint before the divergence"));
}

/// A BatchNorm as a scale and a shift of each channel, in fp64.
struct ScaleAndShift {
  at::Tensor scale;  ///< [C]
  at::Tensor shift;  ///< [C]
};

ScaleAndShift scale_and_shift(const FixedBatchNorm& norm,
                              std::int64_t channels) {
  const auto part = [&](const at::Tensor& tensor, const char* what,
                        double usual) {
    auto values = tensor.defined()
                      ? exact(tensor)
                      : at::zeros({channels}, at::kDouble).fill_(usual);
    TORCH_CHECK(
        values.sizes() == at::IntArrayRef({channels}),
        error_message("fuse_batch_norm",
                      "a BatchNorm must have a number for each output channel",
                      sizes(values.sizes()) + " of " + what + " for " +
                          std::to_string(channels) + " channels"));
    check_finite_numbers(values, "a BatchNorm", what);
    return values;
  };
  const auto variance = part(norm.variance, "variance", 1);
  TORCH_CHECK(
      (variance >= 0).all().item<bool>() &&
          (variance + norm.epsilon > 0).all().item<bool>(),
      error_message("fuse_batch_norm",
                    "variance + epsilon must be positive, and no variance "
                    "negative",
                    std::to_string(variance.min().item<double>()) + " + " +
                        std::to_string(norm.epsilon)));
  const auto scale =
      part(norm.weight, "weight", 1) / (variance + norm.epsilon).sqrt();
  return {scale,
          part(norm.bias, "bias", 0) - part(norm.mean, "mean", 0) * scale};
}

/// A channel's number for each element: [C] -> as outputs [N, C, *sides].
at::Tensor over_output(const at::Tensor& numbers, const CompactLayer& layer) {
  std::vector<std::int64_t> shape(
      static_cast<std::size_t>(layer.spatial_dims()) + 2, 1);
  shape[1] = -1;
  return numbers.reshape(shape);
}

/// [C] -> as LibTorch's weights, whose rows, or columns by group, are outputs.
at::Tensor over_weight(const at::Tensor& numbers, const CompactLayer& layer) {
  std::vector<std::int64_t> shape(
      static_cast<std::size_t>(layer.spatial_dims()) + 2, 1);
  if (!layer.transposed) {
    shape[0] = -1;
    return numbers.reshape(shape);
  }
  shape[0] = layer.groups;
  shape[1] = layer.out_channels / layer.groups;
  return numbers.reshape(shape).repeat_interleave(
      layer.in_channels / layer.groups, 0);
}

struct Fusion {
  FusedPair report;
  Affine affine;  ///< in the layer's dtype, on its device
};

Fusion fused(const FusablePair& pair, double tolerance) {
  const OneThread one_thread;
  const auto exactly = fuse_batch_norm(pair.layer, pair.affine, pair.norm);
  const auto own = pair.affine.weight.options().requires_grad(false);
  Affine result{exactly.weight.to(own), exactly.bias.to(own)};
  check_in_range(
      result, [&] { return Affine(exactly); },
      Site{"fuse_batch_norms", pair.layer_path}, "a fused layer",
      "convert the model to a wider dtype");

  const auto input = probe(pair.layer);
  const auto [scale, shift] =
      scale_and_shift(pair.norm, pair.layer.out_channels);
  const Affine before{exact(pair.affine.weight), pair.affine.bias.defined()
                                                     ? exact(pair.affine.bias)
                                                     : at::Tensor()};
  const auto expected =
      run_compact(pair.layer, before, input) * over_output(scale, pair.layer) +
      over_output(shift, pair.layer);
  auto layer = pair.layer;
  layer.bias = true;
  FusedPair report;
  report.layer = pair.layer_path;
  report.norm = pair.norm_path;
  report.dtype = c10::toString(own.dtype().toScalarType());
  report.error_fp64 =
      relative_error(run_compact(layer, exactly, input), expected);
  report.error_dtype = relative_error(
      exact(run_compact(layer, result, input.to(own))), expected);
  TORCH_CHECK(
      report.error_fp64 <= tolerance,
      error_message(Site{"fuse_batch_norms", pair.layer_path},
                    "the fused layer must compute what the two did",
                    "a relative error of " + scientific(report.error_fp64) +
                        " (tolerance " + scientific(tolerance) + ")",
                    "a variance may be too small"));
  return {std::move(report), std::move(result)};
}

template <typename Module>
bool give_bias_as(torch::nn::Module& module, const at::Tensor& bias) {
  auto* layer = dynamic_cast<Module*>(&module);
  if (layer == nullptr) return false;
  layer->options.bias(true);
  layer->bias = bias;
  OpenModule::set_parameter(module, "bias", bias);
  return true;
}

void give_bias(torch::nn::Module& module, const at::Tensor& bias) {
  const bool given =
      give_bias_as<torch::nn::Conv1dImpl>(module, bias) ||
      give_bias_as<torch::nn::Conv2dImpl>(module, bias) ||
      give_bias_as<torch::nn::Conv3dImpl>(module, bias) ||
      give_bias_as<torch::nn::ConvTranspose1dImpl>(module, bias) ||
      give_bias_as<torch::nn::ConvTranspose2dImpl>(module, bias) ||
      give_bias_as<torch::nn::ConvTranspose3dImpl>(module, bias) ||
      give_bias_as<torch::nn::LinearImpl>(module, bias);
  TORCH_INTERNAL_ASSERT(given);
}

void replace_values(const FusablePair& pair, const Affine& fused) {
  pair.affine.weight.copy_(fused.weight);
  if (pair.affine.bias.defined()) {
    pair.affine.bias.copy_(fused.bias);
    return;
  }
  const auto bias =
      fused.bias.clone().set_requires_grad(pair.affine.weight.requires_grad());
  if (auto* layer = dynamic_cast<ExpandedLayer*>(pair.layer_module)) {
    layer->add_bias(bias);
  } else {
    give_bias(*pair.layer_module, bias);
  }
}

void make_identity(const FusablePair& pair) {
  const auto& norm = pair.norm;
  norm.mean.zero_();
  norm.variance.fill_(1);
  if (norm.bias.defined()) norm.bias.zero_();
  if (norm.weight.defined()) {
    norm.weight.fill_(std::sqrt(1 + norm.epsilon));
  } else {
    norm.variance.fill_(1 - norm.epsilon);
  }
  if (pair.sequential == nullptr) return;
  auto& sequential = dynamic_cast<torch::nn::SequentialImpl&>(*pair.sequential);
  torch::nn::Identity identity;
  identity->eval();  // as the BatchNorm was
  const auto name = sequential.named_children().keys()[pair.norm_index];
  sequential.replace_module(name, identity);
  *(sequential.begin() + static_cast<std::ptrdiff_t>(pair.norm_index)) =
      torch::nn::AnyModule(identity);
}

}  // namespace

Affine fuse_batch_norm(const CompactLayer& layer, const Affine& affine,
                       const FixedBatchNorm& norm) {
  const auto [scale, shift] = scale_and_shift(norm, layer.out_channels);
  const auto weight = exact(affine.weight);
  check_finite_numbers(weight, "a layer", "weight");
  Affine result{weight * over_weight(scale, layer), shift};
  if (affine.bias.defined()) {
    const auto bias = exact(affine.bias);
    check_finite_numbers(bias, "a layer", "bias");
    result.bias = result.bias + bias * scale;
  }
  return result;
}

FusionReport fuse_batch_norms(torch::nn::Module& model,
                              const FuseOptions& options) {
  const at::NoGradGuard no_grad;
  const auto pairs = fusable_pairs(model, options.pairs);
  FusionReport report;
  std::vector<Affine> results;
  for (const auto& pair : pairs) {
    auto fusion = fused(pair, options.tolerance);
    report.pairs.push_back(std::move(fusion.report));
    results.push_back(std::move(fusion.affine));
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    replace_values(pairs[i], results[i]);
    make_identity(pairs[i]);
  }
  return report;
}

std::string FusionReport::to_string() const {
  std::vector<std::vector<std::string>> rows;
  for (const auto& pair : pairs) {
    rows.push_back({pair.layer, pair.norm, scientific(pair.error_fp64),
                    scientific(pair.error_dtype) + " " + pair.dtype});
  }
  return render_table({"layer", "fused", "error fp64", "error"}, rows);
}

std::ostream& operator<<(std::ostream& stream, const FusionReport& report) {
  return stream << report.to_string();
}

}  // namespace expandnet
