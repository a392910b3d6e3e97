#include <ATen/core/grad_mode.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/initial_values.h>
#include <expandnet/fold/narrow.h>
#include <expandnet/nn/chain.h>
#include <torch/serialize/input-archive.h>

#include <algorithm>
#include <ostream>

#include "fold/chain_layout.h"
#include "fold/memory.h"
#include "fold/precision.h"
#include "fold/site_message.h"
#include "nn/fold_function.h"
#include "nn/saved_chain.h"

namespace expandnet {

namespace {

bool has_sizes_of(const Plan& plan, const std::vector<Affine>& factors) {
  if (factors.size() != plan.factors.size()) return false;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto& weight = factors[i].weight;
    if (!weight.defined() || weight.sizes() != plan.weight_sizes(i)) {
      return false;
    }
  }
  return true;
}

}  // namespace

FactorImpl::FactorImpl(std::vector<std::int64_t> weight_sizes, bool has_bias,
                       bool fixed)
    : weight_sizes_(std::move(weight_sizes)),
      has_bias_(has_bias),
      fixed_(fixed) {
  FactorImpl::reset();
}

void FactorImpl::reset() {
  const auto options =
      at::TensorOptions(master_dtype(c10::get_default_dtype_as_scalartype()));
  const auto values = empty_weight(weight_sizes_, options);
  weight = fixed_ ? register_buffer("weight", values)
                  : register_parameter("weight", values);
  bias = register_parameter(
      "bias", has_bias_ ? at::empty({weight_sizes_[0]}, options) : at::Tensor(),
      has_bias_);
}

void FactorImpl::pretty_print(std::ostream& stream) const {
  stream << "expandnet::Factor(weight=" << sizes(weight_sizes_)
         << ", bias=" << (has_bias_ ? "true" : "false") << ")";
}

ChainImpl::ChainImpl(Plan plan, ExpansionOptions options)
    : asked_(std::move(plan)),
      plan_(std::make_shared<const Plan>(options.narrow() ? narrow(asked_)
                                                          : asked_)),
      options_(std::move(options)) {
  TORCH_CHECK(!options_.narrow() || !options_.activation(),
              error_message("Chain", "only a linear chain can be narrowed",
                            "a nonlinear twin", "leave out narrow(true)"));
  set_dtype(c10::get_default_dtype_as_scalartype());
  ChainImpl::reset();
  reset_parameters();
}

void ChainImpl::reset() {
  factors_.clear();
  for (std::size_t i = 0; i < plan_->factors.size(); ++i) {
    factors_.emplace_back(
        register_module(std::to_string(i),
                        Factor(plan_->weight_sizes(i), plan_->factors[i].bias,
                               plan_->factors[i].fixed)));
  }
  register_layout();
}

void ChainImpl::register_layout() {
  layout_.clear();
  if (plan_->is_plain()) return;
  const auto layout = layout_of(*plan_);
  for (const auto& [name, part] : kLayoutParts) {
    layout_.push_back(register_buffer(name, layout.*part));
  }
}

void ChainImpl::restore_layout() {
  if (layout_.empty()) return;
  const auto layout = layout_of(*plan_);
  for (std::size_t i = 0; i < layout_.size(); ++i) {
    layout_[i].set_data(
        (layout.*kLayoutParts[i].tensor).to(layout_[i].device()));
  }
}

void ChainImpl::reset_parameters() {
  set_factors(
      initial_values(asked_, options_, factors_.front()->weight.options()));
  mark_start();
}

void ChainImpl::mark_start() {
  if (plan_->is_plain()) return;
  const torch::NoGradGuard no_grad;
  initial_spread_ = expandnet::fold(*plan_, factors())
                        .weight.square()
                        .mean()
                        .sqrt()
                        .item<double>();
}

bool ChainImpl::is_narrowed() const {
  return plan_->parameter_count() < asked_.parameter_count();
}

void ChainImpl::pretty_print(std::ostream& stream) const {
  stream << "expandnet::Chain(" << expandnet::name(plan_->strategy) << ", "
         << plan_->widths() << ")";
}

void ChainImpl::load(torch::serialize::InputArchive& archive) {
  check_saved_chain(*plan_, archive, "");
  torch::nn::Module::load(archive);
}

void ChainImpl::to(torch::Device device, torch::Dtype dtype,
                   bool non_blocking) {
  set_dtype(dtype);
  torch::nn::Module::to(device, master_dtype(dtype), non_blocking);
  restore_layout();
}

void ChainImpl::to(torch::Dtype dtype, bool non_blocking) {
  set_dtype(dtype);
  torch::nn::Module::to(master_dtype(dtype), non_blocking);
  restore_layout();
}

void ChainImpl::set_dtype(torch::Dtype dtype) {
  TORCH_CHECK(
      at::isFloatingType(dtype),
      error_message("Chain", "factors must be floating point",
                    c10::str(c10::toString(dtype)), "use float or double"));
  half_precision_.reset();
  if (c10::isReducedFloatingType(dtype)) half_precision_ = dtype;
  cache_.reset();
}

torch::Dtype ChainImpl::dtype() const {
  return half_precision_.value_or(factors_.front()->weight.scalar_type());
}

std::vector<Affine> ChainImpl::factors() const {
  std::vector<Affine> factors;
  for (const auto& factor : factors_) {
    factors.push_back({factor->weight, factor->bias});
  }
  return factors;
}

void ChainImpl::set_factors(const std::vector<Affine>& values) {
  if (is_narrowed() && has_sizes_of(asked_, values)) {
    set_factors(narrow(asked_, values).factors);
    return;
  }
  check_factors(*plan_, values, {"set_factors", ""});
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < values.size(); ++i) {
    factors_[i]->weight.copy_(values[i].weight);
    if (values[i].bias.defined()) factors_[i]->bias.copy_(values[i].bias);
  }
}

bool ChainImpl::is_current(const Cache& cache) const {
  // What inference mode made may not be saved for a backward pass.
  if (cache.affine.weight.is_inference() && !c10::InferenceMode::is_enabled()) {
    return false;
  }
  std::size_t next = 0;
  for (const auto& factor : factors_) {
    for (const auto* tensor : {&factor->weight, &factor->bias}) {
      if (!tensor->defined()) continue;
      if (tensor->is_inference()) return false;  // no version to compare
      if (tensor->grad().defined() ||
          !tensor->is_alias_of(cache.sources[next]) ||
          tensor->sizes() != cache.sources[next].sizes() ||
          tensor->strides() != cache.sources[next].strides() ||
          tensor->_version() != cache.versions[next]) {
        return false;
      }
      ++next;
    }
  }
  return true;
}

Affine ChainImpl::in_layer_dtype(const Affine& affine) const {
  const auto cast = [this](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.to(dtype()) : tensor;
  };
  return {cast(affine.weight), cast(affine.bias)};
}

Affine ChainImpl::contracted() const {
  const torch::NoGradGuard no_grad;
  std::vector<Affine> exact;
  for (const auto& [weight, bias] : factors()) {
    exact.push_back(
        {weight.to(at::kDouble), bias.defined() ? bias.to(at::kDouble) : bias});
  }
  const auto folded = expandnet::fold(*plan_, exact);
  auto compact = in_layer_dtype({folded.weight, folded.bias});
  compact.weight = compact.weight.contiguous();
  return compact;
}

Affine ChainImpl::fold() {
  const auto chain = factors();
  const bool records =
      at::GradMode::is_enabled() &&
      std::any_of(chain.begin(), chain.end(), [](const Affine& factor) {
        return factor.weight.requires_grad() ||
               (factor.bias.defined() && factor.bias.requires_grad());
      });
  if (records) {
    cache_.reset();
    return in_layer_dtype(fold_with_gradient(plan_, chain));
  }
  if (cache_ && is_current(*cache_)) return cache_->affine;

  const auto folded = expandnet::fold(*plan_, chain);
  Cache cache;
  cache.affine = in_layer_dtype({folded.weight, folded.bias});
  for (const auto& [weight, bias] : chain) {
    for (const auto* tensor : {&weight, &bias}) {
      if (!tensor->defined()) continue;
      cache.sources.push_back(tensor->detach());
      cache.versions.push_back(
          tensor->is_inference()
              ? 0
              : static_cast<std::int64_t>(tensor->_version()));
    }
  }
  cache_ = std::move(cache);
  return cache_->affine;
}

}  // namespace expandnet
