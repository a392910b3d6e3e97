#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/contract_weights.h>

#include <map>
#include <set>

#include "base/table.h"
#include "deploy/chain_shapes.h"
#include "deploy/chains_in_weights.h"
#include "fold/site.h"
#include "passes/check.h"

namespace expandnet {

namespace {

constexpr const char* kContract = "contract_weights";

/// Weight-space checkpoints hold the compact weights, too: the fold in the
/// precision of the training. It differs from the exact one by rounding alone.
constexpr double kNear = 1e-2;

std::string parameter_of(const std::string& path, const char* kind) {
  return path.empty() ? kind : path + "." + kind;
}

using ByName = std::map<std::string, at::Tensor>;

/// A transposed layer has another shape, if its weight is there to tell.
void settle_transposed(ChainInWeights& chain, const ByName& tensors) {
  const auto compact = tensors.find(parameter_of(chain.layer_path, "weight"));
  if (!chain.whole || compact == tensors.end()) return;
  if (compact->second.sizes() ==
      at::IntArrayRef(chain.plan.layer.weight_sizes()))
    return;
  std::vector<FactorInFile> shapes;
  for (const auto& factor : chain.factors) {
    shapes.push_back({factor.weight.sizes().vec(), factor.bias.defined()});
  }
  const auto other = plan_of_shapes(shapes, /*transposed=*/true);
  if (other &&
      compact->second.sizes() == at::IntArrayRef(other->layer.weight_sizes())) {
    chain.plan = *other;
  }
}

Affine exact_fold(const ChainInWeights& chain) {
  std::vector<Affine> factors;
  factors.reserve(chain.factors.size());
  for (const auto& factor : chain.factors) {
    factors.push_back(
        {factor.weight.to(at::kDouble),
         factor.bias.defined() ? factor.bias.to(at::kDouble) : at::Tensor()});
  }
  const auto folded = fold(chain.plan, factors);
  return {folded.weight.contiguous(), folded.bias};
}

/// Throws unless what stands in the layer's place is the fold, but for
/// rounding.
void check_near(const ByName& tensors, const std::string& name,
                const at::Tensor& exact) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) return;
  TORCH_CHECK(exact.defined(),
              error_message(Site{kContract, name},
                            "a tensor beside a chain must be of its fold",
                            "one that the chain has not", "leave it out"));
  const bool same_shape = found->second.sizes() == exact.sizes();
  const auto error = same_shape ? relative_error(found->second, exact) : 0;
  TORCH_CHECK(
      same_shape && error <= kNear,
      error_message(Site{kContract, name},
                    "a weight beside its chain must be the chain's fold",
                    same_shape ? "a relative error of " + scientific(error)
                               : sizes(found->second.sizes()) + " for " +
                                     sizes(exact.sizes()),
                    "the chain may be a nonlinear twin's"));
}

/// The average that takes the place of a fold, or the fold if there is none.
at::Tensor averaged(const ByName& averages, const std::string& name,
                    const at::Tensor& fold) {
  const auto found = averages.find(name);
  if (found == averages.end()) return fold;
  TORCH_CHECK(fold.defined() && found->second.sizes() == fold.sizes(),
              error_message(Site{kContract, name},
                            "an average must be of its chain's fold",
                            sizes(found->second.sizes()), "save it again"));
  return found->second;
}

/// A contracted layer, to stand where its first tensor stood.
struct Contraction {
  std::string path;
  Affine compact;
};

}  // namespace

std::vector<FoundChain> find_chains(const Weights& weights,
                                    const ContractWeightsOptions& options) {
  const auto chains = chains_in(weights, options);
  const NewPaths paths(chains);
  std::vector<FoundChain> found;
  for (const auto& chain : chains) {
    found.push_back({paths.of(chain), chain.factor_paths});
  }
  return found;
}

ContractedWeights contract_weights(const Weights& weights,
                                   const ContractWeightsOptions& options) {
  const at::NoGradGuard no_grad;
  auto chains = chains_in(weights, options);
  TORCH_CHECK(!chains.empty(),
              error_message(kContract, "the weights must hold a chain", "none",
                            "name the chains if shapes do not show them"));
  const ByName tensors(weights.tensors.begin(), weights.tensors.end());
  const ByName averages(options.averages.begin(), options.averages.end());
  const NewPaths paths(chains);

  ContractedWeights result;
  result.weights.metadata = weights.metadata;
  /// By the name of any tensor of theirs, the contraction that takes its place.
  std::map<std::string, std::size_t> places;
  std::vector<Contraction> contractions;
  for (auto& chain : chains) {
    settle_transposed(chain, tensors);
    Contraction contraction{paths.of(chain), {}};
    const Site site{kContract, contraction.path};
    check_finite(chain.factors, site);
    const auto exact = exact_fold(chain);
    if (chain.whole) {
      check_near(tensors, parameter_of(chain.layer_path, "weight"),
                 exact.weight);
      check_near(tensors, parameter_of(chain.layer_path, "bias"), exact.bias);
    }
    const auto dtype = chain.factors.front().weight.scalar_type();
    contraction.compact = {exact.weight.to(dtype), exact.bias.defined()
                                                       ? exact.bias.to(dtype)
                                                       : at::Tensor()};
    result.report.layers.push_back(
        check_chain(chain.plan, chain.factors, contraction.compact,
                    VerifyOptions{options.tolerance}, site));
    auto& [weight, bias] = contraction.compact;
    weight =
        averaged(averages, parameter_of(chain.layer_path, "weight"), weight);
    bias = averaged(averages, parameter_of(chain.layer_path, "bias"), bias);
    result.chains.push_back({contraction.path, chain.factor_paths});
    auto parts = chain.factor_paths;
    parts.push_back(chain.layer_path);
    for (const auto& part : parts) {
      places[parameter_of(part, "weight")] = contractions.size();
      places[parameter_of(part, "bias")] = contractions.size();
    }
    contractions.push_back(std::move(contraction));
  }

  std::set<std::size_t> placed;
  std::set<std::string> names;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    TORCH_CHECK(names.insert(name).second,
                error_message(kContract, "names must stay unique",
                              "\"" + name + "\" twice",
                              "name the chains to choose their places"));
    result.weights.tensors.emplace_back(name, tensor);
  };
  for (const auto& [name, tensor] : weights.tensors) {
    const auto place = places.find(name);
    if (place == places.end()) {
      add(paths.of(name), tensor);
    } else if (placed.insert(place->second).second) {
      const auto& [path, compact] = contractions[place->second];
      add(parameter_of(path, "weight"), compact.weight);
      if (compact.bias.defined()) add(parameter_of(path, "bias"), compact.bias);
    }
  }
  return result;
}

}  // namespace expandnet
