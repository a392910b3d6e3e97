// What an Expansion demands of the model and the optimizer, step by step.
#include <c10/util/Exception.h>
#include <c10/util/Type.h>
#include <torch/optim/lbfgs.h>
#include <torch/optim/sgd.h>

#include <typeinfo>
#include <unordered_set>

#include "fold/site_message.h"
#include "passes/expansion_impl.h"

namespace expandnet {

namespace {

/// One compact parameter: what is registered in the model now, against what was
/// expanded and what the chain has.
void check_parameter(const WeightSpaceLayer& layer, const std::string& part,
                     const at::Tensor& expanded, const at::Tensor* registered,
                     const std::vector<std::int64_t>& shape, const Site& site) {
  TORCH_CHECK(
      registered != nullptr && registered->is_same(expanded),
      error_message(site, "the " + part + " must be the one that was expanded",
                    registered != nullptr ? "another" : "none",
                    "expand the model again"));
  TORCH_CHECK(expanded.sizes() == shape,
              error_message(site, "the " + part + " must be " + sizes(shape),
                            sizes(expanded.sizes()), "restore its shape"));
  const auto device = layer.chain->factors().front().weight.device();
  TORCH_CHECK(
      expanded.device() == device,
      error_message(
          site,
          "model and factors must be on one device (" + device.str() + ")",
          expanded.device().str(), "move both with Expansion::to"));
  const auto dtype = layer.chain->dtype();
  TORCH_CHECK(
      expanded.scalar_type() == dtype,
      error_message(site,
                    std::string("the model's dtype must be the one that was "
                                "expanded (") +
                        c10::toString(dtype) + ")",
                    c10::toString(expanded.scalar_type()),
                    "convert both with Expansion::to"));
}

}  // namespace

void Expansion::Impl::check_compact(const std::string& caller) const {
  for (const auto& layer : layers) {
    const Site site{caller, layer.path};
    const auto& shape = layer.chain->plan().layer;
    const auto parameters = layer.module->named_parameters(/*recurse=*/false);
    check_parameter(layer, "weight", layer.compact.weight,
                    parameters.find("weight"), shape.weight_sizes(), site);
    if (!layer.compact.bias.defined()) continue;
    check_parameter(layer, "bias", layer.compact.bias, parameters.find("bias"),
                    {shape.out_channels}, site);
  }
}

void Expansion::Impl::check_fresh(const std::string& caller) const {
  for (const auto& batch : batches) {
    TORCH_CHECK(
        !batch.is_stale(),
        error_message(Site{caller, batch.layers().front().path},
                      "factors must be as they were folded", "changed ones",
                      "call fold() after writing to them"));
  }
}

void Expansion::Impl::check_optimizer(
    const torch::optim::Optimizer& optimizer) const {
  TORCH_CHECK(
      dynamic_cast<const torch::optim::LBFGS*>(&optimizer) == nullptr,
      error_message("step",
                    "the optimizer must take gradients of any memory order",
                    "LBFGS", "use one that works element by element"));
  // What derives from torch::optim::SGD is SGD, as train::SGD is.
  const bool is_sgd =
      dynamic_cast<const torch::optim::SGD*>(&optimizer) != nullptr;
  for (const auto& layer : layers) {
    if (is_sgd || !layer.chain->is_narrowed()) continue;
    TORCH_CHECK(
        false,
        error_message(Site{"step", layer.path},
                      "a narrowed chain is trained by SGD, under which it "
                      "computes what the wide one does",
                      c10::demangle(typeid(optimizer).name()),
                      "use torch::optim::SGD or train::SGD, or expand with "
                      "narrow(false)"));
  }
  std::unordered_set<const void*> held;
  for (const auto& group : optimizer.param_groups()) {
    for (const auto& parameter : group.params()) {
      held.insert(parameter.unsafeGetTensorImpl());
    }
  }
  for (const auto& layer : layers) {
    TORCH_CHECK(
        held.count(layer.compact.weight.unsafeGetTensorImpl()) == 0,
        error_message(Site{"step", layer.path},
                      "the optimizer must hold the factors, not the model's "
                      "expanded weights",
                      "the compact weight",
                      "build the optimizer over expansion.parameters()"));
  }
  for (const auto& [path, key, tensor] : factors) {
    TORCH_CHECK(
        held.count(tensor.unsafeGetTensorImpl()) == 1,
        error_message(Site{"step", path}, "the optimizer must hold all factors",
                      "none for \"" + key + "\"",
                      "build the optimizer over "
                      "expansion.parameters()"));
  }
}

}  // namespace expandnet
