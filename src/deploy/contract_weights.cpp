#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/contract_weights.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/table.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "deploy/chain_shapes.h"
#include "deploy/checked_layer.h"
#include "deploy/new_paths.h"
#include "deploy/no_chains.h"
#include "fold/chain_layout.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

constexpr const char* kContract = "contract_weights";

/// Weight-space checkpoints hold the compact weights, too: the fold in the
/// precision of the training. It differs from the exact one by rounding alone.
constexpr double kNear = 1e-2;

using ByName = std::map<std::string, at::Tensor>;

/// A transposed layer has another shape, if its weight is there to tell.
void settle_transposed(ChainInWeights& chain, const ByName& tensors) {
  const auto compact = tensors.find(under(chain.layer_in_file, "weight"));
  if (!chain.whole || compact == tensors.end()) return;
  const auto shape = compact->second.sizes();
  if (!chain.plan.is_plain()) {  // shapes do not tell
    auto other = chain.plan;
    other.layer.transposed = true;
    if (shape != at::IntArrayRef(chain.plan.layer.weight_sizes()) &&
        shape == at::IntArrayRef(other.layer.weight_sizes())) {
      chain.plan = other;
    }
    return;
  }
  if (shape == at::IntArrayRef(chain.plan.layer.weight_sizes())) return;
  const auto other =
      plan_of_shapes(shapes_of(chain.tensors), /*transposed=*/true);
  if (other && shape == at::IntArrayRef(other->layer.weight_sizes())) {
    chain.plan = *other;
  }
}

/// The one dtype of the factors. Throws where there are several, or one in
/// which layers do not run.
at::ScalarType dtype_of(const ChainInWeights& chain, const Site& site) {
  std::vector<at::ScalarType> dtypes;
  const auto add = [&](const at::Tensor& tensor) {
    if (!tensor.defined()) return;
    const auto dtype = tensor.scalar_type();
    const bool known =
        std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end();
    if (!known) dtypes.push_back(dtype);
  };
  for (const auto& [weight, bias] : chain.tensors) {
    add(weight);
    add(bias);
  }
  return only_dtype(dtypes, "the factors of a chain", site);
}

std::vector<Affine> in_fp64(const std::vector<Affine>& tensors) {
  std::vector<Affine> factors;
  factors.reserve(tensors.size());
  for (const auto& factor : tensors) {
    factors.push_back(
        {factor.weight.to(at::kDouble),
         factor.bias.defined() ? factor.bias.to(at::kDouble) : at::Tensor()});
  }
  return factors;
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

/// The average that takes the place of a fold, or the fold if there is none, in
/// that dtype.
at::Tensor averaged(const ByName& averages, const std::string& name,
                    const at::Tensor& fold, at::ScalarType dtype) {
  const auto found = averages.find(name);
  if (found == averages.end()) return fold.defined() ? fold.to(dtype) : fold;
  TORCH_CHECK(fold.defined() && found->second.sizes() == fold.sizes(),
              error_message(Site{kContract, name},
                            "an average must be of its chain's fold",
                            sizes(found->second.sizes()), "save it again"));
  return found->second.to(dtype);
}

/// Folds the chain in fp64 and casts it, checked against the chain, whose
/// report goes into `report`, and against what stands in its place.
Affine checked_fold(const ChainInWeights& chain, const ByName& tensors,
                    const ContractWeightsOptions& options,
                    ContractionReport& report) {
  const Site site{kContract, chain.layer};
  const auto dtype = options.dtype ? *options.dtype : dtype_of(chain, site);
  const auto factors = in_fp64(chain.tensors);
  auto [exact, compact, checked] =
      checked_layer(chain.plan, factors, dtype, options.tolerance, site);
  if (chain.whole) {
    check_near(tensors, under(chain.layer_in_file, "weight"), exact.weight);
    check_near(tensors, under(chain.layer_in_file, "bias"), exact.bias);
  }
  report.layers.push_back(std::move(checked));
  return compact;
}

bool is_own(const ChainInWeights& chain) {
  return split_last(chain.container).second == "chain";
}

/// Whether another factor than the first could be padded to another effect: a
/// bias, or another kernel, comes before the last kernel.
bool padding_matters(const ChainInWeights& chain) {
  std::size_t before = 0;
  bool bias_before = false;
  for (const auto& [weight, bias] : chain.tensors) {
    const bool is_spatial =
        weight.dim() > 2 && weight.numel() != weight.size(0) * weight.size(1);
    if (is_spatial && (before > 0 || bias_before)) return true;
    before += is_spatial ? 1 : 0;
    bias_before = bias_before || bias.defined();
  }
  return false;
}

/// The weights under their new names, each layer where the first tensor of its
/// chain stood. `layers` are those of the chains.
Weights placed(const Weights& weights,
               const std::vector<ChainInWeights>& chains,
               const std::vector<Affine>& layers) {
  /// By the name of any tensor of theirs, the chain that takes its place.
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    auto parts = chains[i].factors;
    parts.push_back(chains[i].layer_in_file);
    for (const auto& part : parts) {
      places[under(part, "weight")] = i;
      places[under(part, "bias")] = i;
    }
    if (chains[i].plan.is_plain()) continue;
    for (const auto& part : kLayoutParts) {
      places[under(chains[i].container, part.name)] = i;
    }
  }
  Weights result;
  result.metadata = weights.metadata;
  std::set<std::string> names;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    TORCH_CHECK(names.insert(name).second,
                error_message(kContract, "names must stay unique",
                              in_quotes(name) + " twice",
                              "name the chains to choose their places"));
    result.tensors.emplace_back(name, tensor);
  };
  const NewPaths paths(chains);
  std::set<std::size_t> done;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto place = places.find(name);
    if (place == places.end()) {
      add(paths.of(name), tensor);
    } else if (done.insert(place->second).second) {
      const auto& [weight, bias] = layers[place->second];
      const auto& layer = chains[place->second].layer;
      add(under(layer, "weight"), weight);
      if (bias.defined()) add(under(layer, "bias"), bias);
    }
  }
  return result;
}

}  // namespace

std::vector<std::string> notes_on_padding(
    const std::vector<ChainInWeights>& chains) {
  std::vector<std::string> notes;
  for (const auto& chain : chains) {
    if (is_own(chain) || !padding_matters(chain)) continue;
    notes.push_back(quoted_name(chain.layer) +
                    " is the chain only if all padding is on its first factor; "
                    "no file says where it is");
  }
  return notes;
}

ContractedWeights contract_weights(const Weights& weights,
                                   const ContractWeightsOptions& options) {
  const at::NoGradGuard no_grad;
  check_layer_dtype(options.dtype, kContract);
  ContractedWeights result;
  auto& chains = result.chains;
  chains = find_chains(weights, options);
  TORCH_CHECK(
      !chains.empty(),
      error_message(
          kContract,
          options.by_shape ? "the weights must hold layers of a chain's shapes"
                           : "the weights must hold chains by name "
                             "(<path>.chain.<i>.weight)",
          "none", remedies_without_chains(weights, options.by_shape)));

  const ByName tensors(weights.tensors.begin(), weights.tensors.end());
  const ByName averages(options.averages.begin(), options.averages.end());
  std::vector<Affine> layers;
  layers.reserve(chains.size());
  for (auto& chain : chains) {
    settle_transposed(chain, tensors);
    const auto fold = checked_fold(chain, tensors, options, result.report);
    const auto& path = chain.layer_in_file;
    const auto averaged_in = [&](at::ScalarType dtype) {
      return Affine{
          averaged(averages, under(path, "weight"), fold.weight, dtype),
          averaged(averages, under(path, "bias"), fold.bias, dtype)};
    };
    layers.push_back(averaged_in(fold.weight.scalar_type()));
    const auto exact = [&] { return averaged_in(at::kDouble); };
    if (!averages.empty()) {
      check_contracted_range(layers.back(), exact,
                             Site{kContract, chain.layer});
    }
  }

  result.weights = placed(weights, chains, layers);
  return result;
}

}  // namespace expandnet
