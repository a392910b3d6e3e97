#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/initial_values.h>
#include <expandnet/nn/expanded_layer.h>
#include <expandnet/nn/run.h>
#include <torch/serialize/input-archive.h>

#include <ostream>

#include "fold/site_message.h"
#include "nn/open_module.h"

namespace expandnet {

namespace {

Affine cast(const Affine& affine, torch::Dtype dtype) {
  return {affine.weight.to(dtype),
          affine.bias.defined() ? affine.bias.to(dtype) : affine.bias};
}

/// Weights follow the memory format of the feature maps, so that the layer's
/// output keeps it too.
Affine in_format_of(const torch::Tensor& input, Affine affine) {
  if (affine.weight.dim() == input.dim()) {
    affine.weight = affine.weight.contiguous(input.suggest_memory_format());
  }
  return affine;
}

}  // namespace

ExpandedLayer::ExpandedLayer(const CompactLayer& layer,
                             const ExpansionOptions& expansion,
                             std::string name)
    : plan_(expandnet::plan(layer, expansion, {name, ""})),
      expansion_(expansion),
      name_(std::move(name)) {
  if (is_twin()) expansion_.execution(Execution::kChained);
}

bool ExpandedLayer::is_twin() const {
  return static_cast<bool>(expansion_.activation());
}

void ExpandedLayer::set_execution(Execution execution) {
  TORCH_CHECK(!is_twin() || execution == Execution::kChained,
              error_message(name_, "a nonlinear twin runs chained", "kFolded",
                            "hand its factors over to a linear chain"));
  expansion_.execution(execution);
}

Affine ExpandedLayer::contracted() const {
  if (contracted_) return {weight, bias};
  TORCH_CHECK(
      !is_twin(),
      error_message(name_, "only a linear chain contracts", "a nonlinear twin",
                    "hand its factors over to a linear chain"));
  return chain->contracted();
}

void ExpandedLayer::contract() {
  if (!contracted_) contract(contracted());
}

void ExpandedLayer::contract(const Affine& compact) {
  if (contracted_) return;
  const auto factors = chain->factors();
  const auto trains = [&](const torch::Tensor Affine::*part) {
    for (const auto& factor : factors) {
      if ((factor.*part).defined() && (factor.*part).requires_grad()) {
        return true;
      }
    }
    return false;
  };
  module().unregister_module("chain");
  chain = nullptr;
  contracted_ = true;
  weight = module().register_parameter("weight", compact.weight.detach(),
                                       trains(&Affine::weight));
  bias = module().register_parameter(
      "bias", compact.bias.defined() ? compact.bias.detach() : torch::Tensor(),
      compact.bias.defined() && trains(&Affine::bias));
}

void ExpandedLayer::add_bias(const torch::Tensor& values) {
  TORCH_CHECK(
      contracted_ && !bias.defined(),
      error_message(name_, "add_bias needs a contracted layer without",
                    contracted_ ? "one with a bias" : "an expanded one"));
  plan_.layer.bias = true;
  bias = values;
  OpenModule::set_parameter(module(), "bias", bias);
}

void ExpandedLayer::register_state() {
  if (!contracted_) {
    // A copy on its way to become a clone still holds the original's chain.
    auto own = chain
                   ? Chain(std::dynamic_pointer_cast<ChainImpl>(chain->clone()))
                   : Chain(plan_, expansion_);
    chain = module().register_module("chain", std::move(own));
    return;
  }
  weight =
      module().register_parameter("weight", at::empty(layer().weight_sizes()));
  bias = module().register_parameter(
      "bias",
      layer().bias ? at::empty({layer().out_channels}) : torch::Tensor(),
      layer().bias);
}

void ExpandedLayer::reset_values() {
  if (!contracted_) {
    chain->reset_parameters();
    return;
  }
  const torch::NoGradGuard no_grad;
  const auto values = compact_default(layer(), weight.options());
  weight.copy_(values.weight);
  if (bias.defined()) bias.copy_(values.bias);
}

torch::Tensor ExpandedLayer::run(
    const torch::Tensor& input,
    const std::optional<at::IntArrayRef>& output_size) {
  if (input.dim() > layer().spatial_dims()) {
    input_size_ =
        input.sizes().slice(input.dim() - layer().spatial_dims()).vec();
    if (layer().kernel_size.empty()) input_size_.clear();
    auto sample = layer().in_channels;
    for (const auto side : input_size_) sample *= side;
    batch_ = sample > 0 ? input.numel() / sample : 0;
    has_run_ = true;
  }
  if (contracted_) {
    return run_compact(layer(), {weight, bias}, input, output_size);
  }
  if (expansion_.execution() == Execution::kFolded) {
    return run_compact(layer(), in_format_of(input, chain->fold()), input,
                       output_size);
  }
  std::vector<Affine> factors;
  for (const auto& factor : chain->factors()) {
    factors.push_back(in_format_of(input, cast(factor, chain->dtype())));
  }
  return run_chain(chain->plan(), factors, input, expansion_.activation(),
                   output_size);
}

void ExpandedLayer::check_archive(
    torch::serialize::InputArchive& archive) const {
  torch::serialize::InputArchive ignored;
  const bool holds_chain = archive.try_read("chain", ignored);
  TORCH_CHECK(contracted_ || holds_chain,
              error_message(name_, "load needs the state of a chain",
                            "a contracted layer's",
                            "contract() the model before loading"));
  TORCH_CHECK(!contracted_ || !holds_chain,
              error_message(name_, "load needs the state of a contracted layer",
                            "a chain's",
                            "load into a model that is not contracted yet"));
}

void ExpandedLayer::print(std::ostream& stream) const {
  stream << "expandnet::" << name_ << "(" << layer().in_channels << ", "
         << layer().out_channels;
  const auto list = [&](const char* what,
                        const std::vector<std::int64_t>& entries,
                        std::int64_t usual) {
    for (const auto entry : entries) {
      if (entry == usual) continue;
      stream << ", " << what << "=" << sizes(entries);
      return;
    }
  };
  list("kernel_size", layer().kernel_size, 0);
  list("stride", layer().stride, 1);
  list("padding", layer().padding_before, 0);
  list("output_padding", layer().output_padding, 0);
  list("dilation", layer().dilation, 1);
  if (layer().groups != 1) stream << ", groups=" << layer().groups;
  if (!layer().bias) stream << ", bias=false";
  if (layer().padding_mode != PaddingMode::kZeros) {
    stream << ", padding_mode=" << name(layer().padding_mode);
  }
  if (contracted_) {
    stream << ", contracted)";
    return;
  }
  stream << ", " << name(plan_.strategy) << ": " << plan_.widths();
  if (chain->is_narrowed()) {
    stream << " (narrow: " << chain->plan().widths() << ")";
  }
  if (is_twin()) stream << ", nonlinear twin";
  stream << ")";
}

}  // namespace expandnet
