#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/fold/factorize.h>
#include <expandnet/passes/expand.h>
#include <expandnet/passes/nothing_to_expand.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/table.h"
#include "base/text.h"
#include "fold/presets.h"
#include "fold/site_message.h"
#include "fold/solved_branch.h"
#include "passes/check.h"
#include "passes/expansion_impl.h"
#include "passes/max_cost.h"
#include "passes/target.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

/// What a preserving chain may be off by: fp32 rounds to 1e-7.
constexpr double kPreservedResidual = 1e-6;

struct Choice {
  Target target;
  Plan plan;
  ExpansionOptions options;
};

/// Why a layer that was chosen stays compact; "" if it does not.
std::string reason_to_skip(
    const Target& target,
    const std::unordered_map<const void*, std::string>& first_owner) {
  for (const auto* tensor :
       {&target.parameters.weight, &target.parameters.bias}) {
    if (!tensor->defined()) continue;
    if (!tensor->requires_grad()) return "frozen (requires_grad is false)";
    const auto& owner = first_owner.at(tensor->unsafeGetTensorImpl());
    if (owner != target.path) return "shares its weight with \"" + owner + "\"";
  }
  return "";
}

/// Throws unless any layer is left to be expanded; `layers` are those.
template <typename Layers>
void check_not_empty(const Layers& layers,
                     const std::vector<std::string>& notes) {
  if (!layers.empty()) return;
  auto remedy = std::string("give a selector that names one");
  for (const auto& note : notes) remedy += "; " + note;
  throw NothingToExpand(
      error_message("expand", "the model must hold a layer to expand", "none",
                    remedy),
      notes);
}

bool is_matched(const ExpansionOptions& options) {
  const auto is = [](std::optional<InitialValues> values) {
    return values == InitialValues::kMatched;
  };
  const auto& branches = options.branches();
  return is(options.initial_values()) ||
         (branches && std::any_of(branches->begin(), branches->end(),
                                  [&](const Branch& branch) {
                                    return is(branch.initial_values());
                                  }));
}

/// Whether the chain's initial values depend on those of the layer.
bool starts_from_weight(const ExpansionOptions& options) {
  return options.initial_values() == InitialValues::kPreserving ||
         (is_matched(options) && !options.spread());
}

/// Chooses layers and plans their chains; changes nothing.
std::vector<Choice> choose(torch::nn::Module& model, const Selector& selector,
                           std::vector<std::string>& notes) {
  const auto targets = find_targets(model);
  std::unordered_map<const void*, std::string> first_owner;
  for (const auto& [path, module, layer, parameters] : targets) {
    first_owner.emplace(parameters.weight.unsafeGetTensorImpl(), path);
    if (!parameters.bias.defined()) continue;
    first_owner.emplace(parameters.bias.unsafeGetTensorImpl(), path);
  }
  std::vector<Choice> choices;
  for (const auto& target : targets) {
    const auto options = selector(target.path, *target.module);
    if (!options) continue;
    const Site site{"expand", target.path};
    TORCH_CHECK(!options->activation(),
                error_message(site, "weight space trains linear chains",
                              "a nonlinear twin",
                              "train the twin as modules and hand it over"));
    TORCH_CHECK(
        at::isFloatingType(target.parameters.weight.scalar_type()),
        error_message(site, "the weight must be floating point",
                      c10::toString(target.parameters.weight.scalar_type())));
    TORCH_CHECK(!starts_from_weight(*options) || is_finite(target.parameters),
                error_message(site, "weight and bias must be finite",
                              "inf or nan among them",
                              "start from weights of before the divergence"));
    TORCH_CHECK(!is_expanded(target.parameters.weight),
                error_message(site, "a layer is expanded once",
                              "one that an Expansion holds already",
                              "contract() or drop that Expansion first"));
    auto chain_plan = plan(target.layer, *options, site);
    auto reason = reason_to_skip(target, first_owner);
    if (!reason.empty()) {
      notes.push_back("\"" + target.path + "\" stays compact: " + reason);
      continue;
    }
    choices.push_back({target, std::move(chain_plan), *options});
  }
  check_not_empty(choices, notes);
  return choices;
}

/// A chain that folds to the weight of its layer, and how near it is.
struct Preserving {
  Chain chain;
  double residual;
};

Preserving preserving_chain(const Target& target, const Plan& chain_plan,
                            ExpansionOptions options) {
  const auto& weight = target.parameters.weight;
  // The chain's own draw would be thrown away.
  Chain chain(chain_plan, options.initial_values(InitialValues::kDefault));
  chain->to(weight.device(), weight.scalar_type());
  FactorizeOptions solving;
  // CL stands in for what falls short, so no time is lost on it.
  if (is_solved_by_ck(chain_plan)) solving.needed = kPreservedResidual;
  const auto [factors, residual] =
      factorize(chain_plan, target.parameters, solving);
  chain->set_factors(factors);
  chain->mark_start();
  return {chain, residual};
}

/// A CK chain that cannot hold the layer's weight, alone or as a branch, gives
/// way to CL, which can; nothing where that costs more than `limit` allows at
/// any rate.
std::optional<Chain> preserving_chain(const Choice& choice,
                                      const CostLimit& limit,
                                      std::vector<std::string>& notes) {
  const auto& [target, planned, options] = choice;
  auto [chain, residual] = preserving_chain(target, planned, options);
  if (residual <= kPreservedResidual) return chain;
  if (!is_solved_by_ck(planned)) {
    notes.push_back(in_quotes(target.path) + " keeps its weight to " +
                    scientific(residual) + ": a wider chain keeps all of it");
    return chain;
  }
  const Site site{"expand", target.path};
  const auto instead =
      limit(target.path, with_cl_for_ck(target.layer, options, site));
  if (!instead) {
    notes.push_back(in_quotes(target.path) +
                    " is not expanded by CK, either: that would keep its "
                    "weight to " +
                    scientific(residual));
    return std::nullopt;
  }
  const auto kept =
      preserving_chain(target, plan(target.layer, *instead, site), *instead);
  notes.push_back(in_quotes(target.path) +
                  " is expanded by CL: CK would keep its weight to " +
                  scientific(residual) + ", CL keeps it to " +
                  scientific(kept.residual));
  return kept.chain;
}

std::optional<Chain> make_chain(const Choice& choice, const CostLimit& limit,
                                std::vector<std::string>& notes) {
  if (choice.options.initial_values() == InitialValues::kPreserving) {
    return preserving_chain(choice, limit, notes);
  }
  const auto& weight = choice.target.parameters.weight;
  auto options = choice.options;
  if (is_matched(options) && !options.spread()) {
    const auto spread = weight.to(at::kDouble).square().mean().sqrt();
    // A weight of zeros has none that a chain could train from.
    if (spread.item<double>() > 0) options.spread(spread.item<double>());
  }
  Chain chain(choice.plan, options);
  chain->to(weight.device(), weight.scalar_type());
  return chain;
}

CostLimit no_limit() {
  return [](const std::string& /*path*/, const ExpansionOptions& options) {
    return std::optional<ExpansionOptions>(options);
  };
}

}  // namespace

Expansion expand(torch::nn::Module& model, const Selector& selector,
                 const MaxCost& max_cost) {
  TORCH_CHECK(max_cost.share >= 0,
              error_message("expand", "max_cost must not be negative",
                            c10::str(max_cost.share)));
  TORCH_CHECK(max_cost.passes > 0,
              error_message("expand", "the passes of max_cost must be positive",
                            c10::str(max_cost.passes)));
  auto impl = std::make_unique<Expansion::Impl>(model);
  auto& notes = impl->notes;
  auto limit = no_limit();
  if (max_cost.forward) {
    impl->work = layer_work(model, max_cost.forward);
    limit = cost_limit(max_cost, model, impl->work, notes);
  }
  const Selector chosen = [&](const std::string& path,
                              const torch::nn::Module& layer) {
    const auto options = selector(path, layer);
    return options ? limit(path, *options) : options;
  };
  std::vector<WeightSpaceLayer> layers;
  for (const auto& choice : choose(model, chosen, notes)) {
    const auto& target = choice.target;
    auto chain = make_chain(choice, limit, notes);
    if (!chain) continue;
    layers.push_back({target.path, target.module, target.parameters, *chain});
  }
  check_not_empty(layers, notes);
  impl->adopt(std::move(layers));
  Expansion expansion(std::move(impl));
  expansion.fold();
  return expansion;
}

Expansion expand(torch::nn::Module& model, const Selector& selector) {
  return expand(model, selector, MaxCost{});
}

Expansion expand(torch::nn::Module& model, const ExpansionOptions& options) {
  return expand(model, default_selector(model, options));
}

}  // namespace expandnet
