#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/foreign_blocks.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <set>
#include <utility>

#include "base/table.h"
#include "base/weight_paths.h"
#include "deploy/checked_layer.h"
#include "deploy/foreign/batch_norm_pairs.h"
#include "deploy/foreign/branches.h"
#include "deploy/foreign/found_blocks.h"
#include "deploy/foreign/kinds.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

constexpr const char* kForeign = "contract_foreign_blocks";
constexpr const char* kPair = "conv+bn";

/// A layer in the place of the tensors it was made of.
struct NewLayer {
  std::string path;
  Affine affine;
  std::set<std::string> made_of;
};

std::string names_of_systems() {
  std::string names;
  for (const auto& system : systems_of_blocks()) {
    names += std::string(names.empty() ? "" : ", ") + system.name;
  }
  return names;
}

double epsilon_of_system(const std::string& name) {
  const auto& systems = systems_of_blocks();
  const auto found =
      std::find_if(systems.begin(), systems.end(),
                   [&](const auto& system) { return system.name == name; });
  TORCH_CHECK(
      found != systems.end(),
      error_message(kForeign, "the system must be one of " + names_of_systems(),
                    in_quotes(name)));
  return found->epsilon;
}

void check_system(const std::string& name) {
  if (!name.empty()) static_cast<void>(epsilon_of_system(name));
}

/// The one system of all blocks with keys of their own; throws where there are
/// several, or one that is not alone with its keys.
std::string settled_system(const std::vector<FoundBlock>& blocks) {
  const FoundBlock* first = nullptr;
  for (const auto& block : blocks) {
    if (block.generic()) continue;
    TORCH_CHECK(
        block.kinds.size() == 1,
        error_message(Site{kForeign, block.path},
                      "the keys of a block must be of one system",
                      "those of " + c10::Join(" and ", systems_of(block)),
                      "name it with --system, since they differ in eps"));
    if (first == nullptr) first = &block;
    TORCH_CHECK(
        systems_of(*first) == systems_of(block),
        error_message(
            Site{kForeign, block.path}, "all blocks must be of one system",
            systems_of(*first).front() + " at " + quoted_name(first->path) +
                " and " + systems_of(block).front(),
            "contract those of one after the other with --system"));
  }
  for (const auto& block : blocks) {
    const bool is_asked =
        first == nullptr ||
        std::any_of(block.kinds.begin(), block.kinds.end(),
                    [&](const auto* kind) {
                      return kind->system == systems_of(*first).front();
                    });
    TORCH_CHECK(
        !block.generic() || !is_asked,
        error_message(
            Site{kForeign, block.path},
            "keys that other modules have, too, need the system's "
            "name",
            "those of " + c10::Join(" and ", systems_of(block)),
            "add --system " + std::string(block.kinds.front()->system)));
  }
  return first == nullptr ? "" : systems_of(*first).front();
}

/// Folds what was read, checks it on a probe and casts it; its report goes into
/// `report`.
NewLayer folded_layer(const ReadBlock& block, const BlockReader& reader,
                      const std::string& path,
                      const ForeignBlocksOptions& options,
                      FoldedBlock& report) {
  const auto& site = reader.site();
  const auto [plan, factors] = planned(block.sum, site);
  const auto dtype =
      options.dtype
          ? *options.dtype
          : only_dtype(reader.dtypes(), "the convolutions of a block", site);
  auto [exact, compact, checked] =
      checked_layer(plan, factors, dtype, options.tolerance, site);
  report.layer = path;
  report.parts = block.parts;
  report.dtype = checked.dtype;
  report.error_fp64 = checked.error_fp64;
  report.error_dtype = checked.error_dtype;
  if (!block.weight_sizes.empty()) {
    compact.weight = compact.weight.reshape(block.weight_sizes);
  }
  return {path, compact, reader.used()};
}

NewLayer fold_block(const Keys& keys, const FoundBlock& found,
                    const ForeignBlocksOptions& options, FoldedBlock& report) {
  const auto& kind = *found.kinds.front();
  report.system = kind.system;
  report.epsilon =
      options.epsilon ? *options.epsilon : epsilon_of_system(kind.system);
  BlockReader reader(keys, found.path,
                     {std::string("a block of ") + kind.system,
                      "blocks as they are with --system none", report.epsilon},
                     Site{kForeign, found.path});
  const auto block = kind.read(reader);
  auto companions = companions_of_blocks();
  companions.insert(companions.end(), block.beside.begin(), block.beside.end());
  reader.finish(companions);
  const auto path =
      block.place.empty() ? found.path : under(found.path, block.place);
  return folded_layer(block, reader, path, options, report);
}

NewLayer fold_pair(const Keys& keys, const BatchNormPair& pair,
                   const ForeignBlocksOptions& options, FoldedBlock& report) {
  report.system = kPair;
  report.epsilon = *options.epsilon;
  BlockReader reader(
      keys, "", {"a layer and its BatchNorm", "out --fuse-bn", report.epsilon},
      Site{kForeign, pair.layer});
  const auto weight_name = under(pair.layer, "weight");
  const auto bias_name = under(pair.layer, "bias");
  ReadBlock block;
  block.parts = {pair.layer, pair.norm};
  block.weight_sizes = keys.at(weight_name).sizes().vec();
  // A scale for each output does not mind the places of a kernel.
  const auto& sizes = block.weight_sizes;
  const auto weight =
      reader.tensor(weight_name, static_cast<std::int64_t>(sizes.size()))
          .reshape({sizes[0], sizes[1], -1, 1});
  const auto bias =
      keys.has(bias_name) ? reader.tensor(bias_name, 1) : at::Tensor();
  const bool is_affine = keys.has(under(pair.norm, "weight")) ||
                         keys.has(under(pair.norm, "bias"));
  block.sum = {
      {kernel_factor(weight, bias, 1),
       is_affine ? reader.norm(pair.norm) : reader.plain_norm(pair.norm)}};
  return folded_layer(block, reader, pair.layer, options, report);
}

/// Throws for a pair that is a part of a block which is left as it is: apart,
/// its layers are no block any more.
void check_not_torn(const Keys& keys, const std::vector<BatchNormPair>& pairs,
                    const std::vector<FoundBlock>& left) {
  for (const auto& block : left) {
    const auto parts = tensors_of(keys, block);
    for (const auto& [layer, norm] : pairs) {
      TORCH_CHECK(
          parts.count(under(layer, "weight")) == 0,
          error_message(Site{kForeign, block.path},
                        "a layer and its BatchNorm must not be part of a block",
                        quoted_name(layer) + " in what may be one of " +
                            c10::Join(" or ", systems_of(block)),
                        std::string("add --system ") +
                            block.kinds.front()->system +
                            ", or --system none if it is none"));
    }
  }
}

/// The BatchNorms that are still in the file.
std::vector<std::string> norms_in(const Weights& weights) {
  std::vector<std::string> norms;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto [module, kind] = split_last(name);
    if (kind == "running_mean") norms.push_back(module);
  }
  return norms;
}

/// The blocks that are still in the file and no ordinary modules.
std::vector<ForeignBlock> blocks_in(const Weights& weights) {
  auto blocks = find_foreign_blocks(weights);
  blocks.erase(std::remove_if(blocks.begin(), blocks.end(),
                              [](const auto& block) { return block.generic; }),
               blocks.end());
  return blocks;
}

/// "left: 4 blocks of acb", a line for each system.
std::string lines_on(const std::vector<ForeignBlock>& blocks) {
  std::map<std::string, std::size_t> counts;
  for (const auto& block : blocks) {
    ++counts[c10::Join(" or ", block.systems)];
  }
  std::string lines;
  for (const auto& [systems, count] : counts) {
    lines += "left: " + std::to_string(count) +
             (count == 1 ? " block of " : " blocks of ") + systems + "\n";
  }
  return lines;
}

/// The weights with the new layers, each where the first tensor that it is made
/// of stood.
Weights with_layers(const Weights& weights,
                    const std::vector<NewLayer>& layers) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const auto& name : layers[i].made_of) places[name] = i;
  }
  Weights result;
  result.metadata = weights.metadata;
  std::set<std::string> names;
  const auto add = [&](const std::string& name, const at::Tensor& tensor) {
    TORCH_CHECK(names.insert(name).second,
                error_message(kForeign, "names must stay unique",
                              quoted_name(name) + " twice",
                              "the file holds deployed layers, too: leave "
                              "them out"));
    result.tensors.emplace_back(name, tensor);
  };
  std::set<std::size_t> done;
  for (const auto& [name, tensor] : weights.tensors) {
    const auto place = places.find(name);
    if (place == places.end()) {
      add(name, tensor);
    } else if (done.insert(place->second).second) {
      const auto& layer = layers[place->second];
      add(under(layer.path, "weight"), layer.affine.weight);
      if (layer.affine.bias.defined()) {
        add(under(layer.path, "bias"), layer.affine.bias);
      }
    }
  }
  return result;
}

void check_foreign_options(const ForeignBlocksOptions& options) {
  if (options.system != kNoSystem) check_system(options.system);
  check_layer_dtype(options.dtype, kForeign);
  TORCH_CHECK(!options.epsilon ||
                  (std::isfinite(*options.epsilon) && *options.epsilon > 0),
              error_message(kForeign, "eps must be positive and finite",
                            std::to_string(*options.epsilon)));
  TORCH_CHECK(
      !options.fuse_batch_norms || options.epsilon,
      error_message(kForeign, "pairs of layer and BatchNorm need their eps",
                    "none", "give the net's with --bn-eps: no file says it"));
}

}  // namespace

std::vector<BlockSystem> block_systems() {
  std::vector<BlockSystem> systems;
  for (const auto& system : systems_of_blocks()) {
    systems.push_back({system.name, system.epsilon});
  }
  return systems;
}

std::vector<ForeignBlock> find_foreign_blocks(const Weights& weights,
                                              const std::string& system) {
  check_system(system);
  std::vector<ForeignBlock> blocks;
  for (const auto& found : found_blocks(Keys(weights), system)) {
    blocks.push_back({found.path, systems_of(found), found.generic()});
  }
  return blocks;
}

ContractedBlocks contract_foreign_blocks(const Weights& weights,
                                         const ForeignBlocksOptions& options) {
  const at::NoGradGuard no_grad;
  check_foreign_options(options);
  const Keys keys(weights);
  std::vector<FoundBlock> found, left;
  if (options.system != kNoSystem) found = found_blocks(keys, options.system);
  if (options.system.empty()) {
    const bool has_own =
        std::any_of(found.begin(), found.end(),
                    [](const auto& block) { return !block.generic(); });
    // Pairs may be all that is asked for.
    const auto system =
        has_own || !options.fuse_batch_norms ? settled_system(found) : "";
    const std::vector<std::string> it_alone = {system};
    const auto folded = std::stable_partition(
        found.begin(), found.end(),
        [&](const auto& block) { return systems_of(block) == it_alone; });
    left.assign(folded, found.end());
    found.erase(folded, found.end());
  }

  ContractedBlocks result;
  std::vector<NewLayer> layers;
  std::set<std::string> taken;
  const auto keep = [&](NewLayer layer, FoldedBlock report) {
    taken.insert(layer.made_of.begin(), layer.made_of.end());
    layers.push_back(std::move(layer));
    result.report.blocks.push_back(std::move(report));
  };
  for (const auto& block : found) {
    FoldedBlock report;
    auto layer = fold_block(keys, block, options, report);
    keep(std::move(layer), std::move(report));
  }
  if (options.fuse_batch_norms) {
    const auto pairs = batch_norm_pairs(keys, taken);
    check_pairs(keys, pairs, kForeign);
    check_not_torn(keys, pairs, left);
    for (const auto& pair : pairs) {
      FoldedBlock report;
      auto layer = fold_pair(keys, pair, options, report);
      keep(std::move(layer), std::move(report));
    }
  }
  TORCH_CHECK(
      !layers.empty(),
      error_message(kForeign,
                    options.system.empty()
                        ? "the weights must hold blocks to fold"
                        : "the weights must hold blocks of " + options.system,
                    "none", "run `expandnet summary FILE` to list the blocks"));
  result.weights = with_layers(weights, layers);
  if (options.fuse_batch_norms) {
    result.report.norms_left = norms_in(result.weights);
  }
  result.report.blocks_left = blocks_in(result.weights);
  return result;
}

std::string ForeignBlocksReport::to_string() const {
  std::vector<std::vector<std::string>> rows;
  for (const auto& block : blocks) {
    rows.push_back({block.layer.empty() ? "(model)" : printable(block.layer),
                    block.system, printable(c10::Join(", ", block.parts)),
                    scientific(block.epsilon), scientific(block.error_fp64),
                    scientific(block.error_dtype) + " " + block.dtype});
  }
  auto text =
      render_table({"layer", "system", "parts", "eps", "error fp64", "error"},
                   rows, {/*left_columns=*/3});
  if (!norms_left.empty()) {
    text += "left, as no layer before it has its name: BatchNorm " +
            printable(c10::Join(", ", norms_left)) + "\n";
  }
  return text + lines_on(blocks_left);
}

std::ostream& operator<<(std::ostream& stream,
                         const ForeignBlocksReport& report) {
  return stream << report.to_string();
}

}  // namespace expandnet
