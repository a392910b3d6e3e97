#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/passes/hand_over.h>
#include <torch/ordered_dict.h>

#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fold/chain_layout.h"
#include "fold/site_message.h"
#include "passes/expansion_impl.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

using State = torch::OrderedDict<std::string, torch::Tensor>;

/// A narrowed chain and where its keys begin: "<path>.chain.".
struct NarrowedChain {
  std::string prefix;
  Chain chain;
};
using NarrowedChains = std::vector<NarrowedChain>;

/// The twin's factors that belong to a chain.
std::vector<Affine> factors_in(const State& state, const NarrowedChain& into) {
  auto factors = into.chain->factors();
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (into.chain->plan().factors[i].fixed) continue;  // a buffer
    const auto key = into.prefix + std::to_string(i);
    const auto* bias = state.find(key + ".bias");
    factors[i] = {state[key + ".weight"],
                  bias != nullptr ? *bias : torch::Tensor()};
  }
  return factors;
}

/// The shapes that the chain's keys had if it were not narrowed.
void add_wide_shapes(
    const NarrowedChain& into,
    std::unordered_map<std::string, std::vector<std::int64_t>>& shapes) {
  const auto& asked = into.chain->asked();
  for (std::size_t i = 0; i < asked.factors.size(); ++i) {
    const auto key = into.prefix + std::to_string(i);
    shapes[key + ".weight"] = asked.weight_sizes(i);
    shapes[key + ".bias"] = {asked.factors[i].out_channels};
  }
}

/// The keys of what tells the branches of a chain. It belongs to the plan of
/// each model and is no state: it must agree, and is not copied.
using LayoutKeys = std::set<std::string>;

void add_layout(const std::string& path, const Chain& chain, LayoutKeys& keys) {
  if (chain->plan().is_plain()) return;
  for (const auto& part : kLayoutParts) keys.insert(chain_key(path, part.name));
}

void check_layout(const State& from, const State& into,
                  const LayoutKeys& layout) {
  for (const auto& key : layout) {
    const auto own = into[key].to(at::kCPU);
    const auto& twins = from[key];
    TORCH_CHECK(twins.to(at::kCPU, own.scalar_type()).equal(own),
                error_message(Site{"hand_over", key},
                              "both models must have the same branches",
                              "others in the twin", "expand both alike"));
  }
}

void check_state(const State& from, const State& into,
                 const NarrowedChains& narrowed) {
  for (const auto& entry : from) {
    TORCH_CHECK(
        into.contains(entry.key()),
        error_message("hand_over", "both models must have the same state keys",
                      "\"" + entry.key() + "\" in the twin only"));
  }
  for (const auto& entry : into) {
    TORCH_CHECK(
        from.find(entry.key()) != nullptr,
        error_message("hand_over", "both models must have the same state keys",
                      "\"" + entry.key() + "\" in the model only"));
  }
  std::unordered_map<std::string, std::vector<std::int64_t>> wide;
  for (const auto& chain : narrowed) add_wide_shapes(chain, wide);
  for (const auto& entry : into) {
    const auto found = wide.find(entry.key());
    const auto expected =
        found != wide.end() ? found->second : entry.value().sizes().vec();
    const auto& source = from[entry.key()];
    TORCH_CHECK(source.sizes() == expected,
                error_message(Site{"hand_over", entry.key()},
                              "the model's shape is " + sizes(expected),
                              sizes(source.sizes())));
  }
}

/// Copies what is not of a narrowed chain; those narrow what they get.
void copy_state(const State& from, State into, const NarrowedChains& narrowed,
                const LayoutKeys& layout) {
  std::unordered_set<const void*> done;
  for (const auto& chain : narrowed) {
    auto target = chain.chain;
    target->set_factors(factors_in(from, chain));
    for (const auto& factor : target->parameters()) {
      done.insert(factor.unsafeGetTensorImpl());
    }
  }
  for (auto& entry : into) {
    if (done.count(entry.value().unsafeGetTensorImpl()) > 0) continue;
    if (layout.count(entry.key()) > 0) continue;
    entry.value().copy_(from[entry.key()]);
  }
}

void hand_over_state(const torch::nn::Module& twin, const State& parameters,
                     const State& buffers, const NarrowedChains& narrowed,
                     const LayoutKeys& layout) {
  const torch::NoGradGuard no_grad;
  check_state(twin.named_parameters(), parameters, narrowed);
  const auto twin_buffers = twin.named_buffers();
  check_state(twin_buffers, buffers, {});
  check_layout(twin_buffers, buffers, layout);
  copy_state(twin.named_parameters(), parameters, narrowed, {});
  copy_state(twin_buffers, buffers, {}, layout);
}

void add_if_narrowed(const std::string& path, const Chain& chain,
                     NarrowedChains& narrowed) {
  if (chain->is_narrowed()) narrowed.push_back({chain_key(path, ""), chain});
}

}  // namespace

void hand_over(const torch::nn::Module& twin, torch::nn::Module& model) {
  NarrowedChains narrowed;
  LayoutKeys layout;
  for (const auto& [path, layer] : expanded_layers(model)) {
    if (layer->is_contracted()) continue;
    add_if_narrowed(path, layer->chain, narrowed);
    add_layout(path, layer->chain, layout);
  }
  hand_over_state(twin, model.named_parameters(), model.named_buffers(),
                  narrowed, layout);
}

void hand_over(const torch::nn::Module& twin, Expansion& expansion) {
  NarrowedChains narrowed;
  LayoutKeys layout;
  for (const auto& layer : expansion.impl_->layers) {
    add_if_narrowed(layer.path, layer.chain, narrowed);
    add_layout(layer.path, layer.chain, layout);
  }
  hand_over_state(twin, expansion.named_parameters(), expansion.named_buffers(),
                  narrowed, layout);
  expansion.fold();
}

}  // namespace expandnet
