#include "passes/fused_pairs.h"

#include <c10/util/Exception.h>
#include <expandnet/nn/expanded_layer.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "fold/site_message.h"
#include "passes/target.h"
#include "passes/walk.h"

namespace expandnet {

namespace {

const char* const kFuse = "fuse_batch_norms";

struct FoundNorm {
  FixedBatchNorm fixed;
  std::int64_t dimensions;  ///< of BatchNorm1d: 1
  bool tracks;
};

template <std::size_t D, typename Module>
bool norm_as(const torch::nn::Module& module, std::optional<FoundNorm>& found) {
  const auto* norm = dynamic_cast<const Module*>(&module);
  if (norm == nullptr) return false;
  found =
      FoundNorm{{norm->running_mean, norm->running_var, norm->weight,
                 norm->bias, norm->options.eps()},
                D,
                norm->running_mean.defined() && norm->running_var.defined()};
  return true;
}

std::optional<FoundNorm> batch_norm_of(const torch::nn::Module& module) {
  std::optional<FoundNorm> found;
  static_cast<void>(norm_as<1, torch::nn::BatchNorm1dImpl>(module, found) ||
                    norm_as<2, torch::nn::BatchNorm2dImpl>(module, found) ||
                    norm_as<3, torch::nn::BatchNorm3dImpl>(module, found));
  return found;
}

struct FoundLayer {
  CompactLayer layer;
  Affine affine;
  bool expanded;
};

std::optional<FoundLayer> linear_map_of(torch::nn::Module& module,
                                        const std::string& path) {
  if (auto* layer = dynamic_cast<ExpandedLayer*>(&module)) {
    return FoundLayer{
        layer->layer(), {layer->weight, layer->bias}, !layer->is_contracted()};
  }
  const auto target = target_of(path, module, kFuse);
  if (!target) return std::nullopt;
  return FoundLayer{target->layer, target->parameters, false};
}

/// A Linear goes with BatchNorm1d, as its outputs [N, out] do.
bool takes_output_of(const FoundNorm& norm, const CompactLayer& layer) {
  return norm.dimensions == std::max<std::int64_t>(layer.spatial_dims(), 1);
}

/// How often each module is registered, and each parameter.
struct Uses {
  std::map<const torch::nn::Module*, int> modules;
  std::map<const void*, int> parameters;

  explicit Uses(const torch::nn::Module& model) { add(model); }

 private:
  void add(const torch::nn::Module& module) {
    if (++modules[&module] > 1) return;
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      ++parameters[item.value().unsafeGetTensorImpl()];
    }
    for (const auto& child : module.named_children()) add(*child.value());
  }
};

std::string quoted(const std::string& path) { return '"' + path + '"'; }

class PairFinder {
 public:
  explicit PairFinder(torch::nn::Module& model) : uses_(model) {
    walk(model, [this](const std::string& path, torch::nn::Module& module) {
      modules_[path] = &module;
    });
  }

  void add_named(const std::string& layer, const std::string& norm) {
    auto* layer_module = module_at(layer);
    auto* norm_module = module_at(norm);
    TORCH_CHECK(
        linear_map_of(*layer_module, layer).has_value(),
        error_message(Site{kFuse, layer},
                      "a pair must begin with a convolution or a Linear",
                      "another module", "name the layer, then its norm"));
    TORCH_CHECK(
        batch_norm_of(*norm_module).has_value(),
        error_message(Site{kFuse, norm},
                      "a pair must end with a BatchNorm1d, 2d or 3d",
                      "another module", "name the layer, then its norm"));
    for (const auto& pair : pairs) {  // Named, and in a Sequential.
      if (pair.layer_path == layer && pair.norm_path == norm) return;
    }
    add(layer, *layer_module, norm, *norm_module);
  }

  void add_those_in_sequentials() {
    for (const auto& [path, module] : modules_) {
      auto* sequential = dynamic_cast<torch::nn::SequentialImpl*>(module);
      if (sequential == nullptr) continue;
      const auto keys = sequential->named_children().keys();
      const auto prefix = path.empty() ? "" : path + ".";
      for (std::size_t i = 1; i < sequential->size(); ++i) {
        auto& layer = *sequential->ptr(i - 1);
        auto& norm = *sequential->ptr(i);
        const auto found = linear_map_of(layer, prefix + keys[i - 1]);
        const auto found_norm = batch_norm_of(norm);
        if (!found || !found_norm ||
            !takes_output_of(*found_norm, found->layer))
          continue;
        add(prefix + keys[i - 1], layer, prefix + keys[i], norm);
        pairs.back().sequential = sequential;
        pairs.back().norm_index = i;
      }
    }
  }

  std::vector<FusablePair> pairs;

 private:
  torch::nn::Module* module_at(const std::string& path) const {
    const auto found = modules_.find(path);
    TORCH_CHECK(
        found != modules_.end(),
        error_message(kFuse, "a pair must name two modules of the model",
                      quoted(path), "named_modules() has the paths"));
    return found->second;
  }

  void check_used_once(const torch::nn::Module& module,
                       const std::string& path) const {
    bool once = uses_.modules.at(&module) == 1;
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
      once =
          once && uses_.parameters.at(item.value().unsafeGetTensorImpl()) == 1;
    }
    TORCH_CHECK(once, error_message(Site{kFuse, path},
                                    "a module must have one place in the model",
                                    "several, or shared parameters",
                                    "clone() it for each of them"));
  }

  void add(const std::string& layer_path, torch::nn::Module& layer_module,
           const std::string& norm_path, torch::nn::Module& norm_module) {
    const auto layer = linear_map_of(layer_module, layer_path);
    const auto norm = batch_norm_of(norm_module);
    TORCH_CHECK(
        !layer->expanded,
        error_message(Site{kFuse, layer_path}, "a layer must be compact",
                      "an expanded one", "contract() the model before"));
    TORCH_CHECK(norm->tracks,
                error_message(Site{kFuse, norm_path},
                              "a BatchNorm must keep running statistics",
                              "none", "build it with track_running_stats"));
    TORCH_CHECK(!norm_module.is_training(),
                error_message(Site{kFuse, norm_path},
                              "a BatchNorm must be in evaluation mode",
                              "training mode", "call eval() on the model"));
    TORCH_CHECK(takes_output_of(*norm, layer->layer) &&
                    norm->fixed.mean.numel() == layer->layer.out_channels,
                error_message(
                    Site{kFuse, norm_path},
                    "a BatchNorm must take the output of its layer",
                    std::to_string(norm->fixed.mean.numel()) + " channels in " +
                        std::to_string(norm->dimensions) + "-d for " +
                        std::to_string(layer->layer.out_channels) + " in " +
                        std::to_string(layer->layer.spatial_dims()) + "-d of " +
                        quoted(layer_path)));
    check_used_once(layer_module, layer_path);
    check_used_once(norm_module, norm_path);
    TORCH_CHECK(
        layers_.insert(&layer_module).second,
        error_message(Site{kFuse, layer_path}, "a layer must be in one pair",
                      "two", "its output must go to one BatchNorm"));
    TORCH_CHECK(
        norms_.insert(&norm_module).second,
        error_message(Site{kFuse, norm_path}, "a BatchNorm must be in one pair",
                      "two", "it must take the output of one layer"));
    pairs.push_back({layer_path, norm_path, &layer_module, &norm_module,
                     layer->layer, layer->affine, norm->fixed});
  }

  Uses uses_;
  std::map<std::string, torch::nn::Module*> modules_;
  std::set<const torch::nn::Module*> layers_, norms_;
};

}  // namespace

std::vector<FusablePair> fusable_pairs(
    torch::nn::Module& model,
    const std::vector<std::pair<std::string, std::string>>& named) {
  PairFinder finder(model);
  finder.add_those_in_sequentials();
  for (const auto& [layer, norm] : named) finder.add_named(layer, norm);
  TORCH_CHECK(!finder.pairs.empty(),
              error_message(
                  kFuse, "the model must hold a layer that a BatchNorm follows",
                  "none", "name pairs that are not in a Sequential"));
  return std::move(finder.pairs);
}

}  // namespace expandnet
