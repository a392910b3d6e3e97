// expansion_impl.h: the implementation of Expansion.
#pragma once

#include <expandnet/passes/expansion.h>

#include <memory>
#include <string>
#include <vector>

#include "passes/chain_batch.h"
#include "passes/chained_layer.h"
#include "passes/layer_work.h"

namespace expandnet {

/// Whether an existing Expansion folds into this weight.
bool is_expanded(const at::Tensor& weight);

/// Returns "<path>.chain.<key>", the key of a factor in the state.
std::string chain_key(const std::string& path, const std::string& key);

struct Expansion::Impl {
  explicit Impl(torch::nn::Module& expanded) : model(&expanded) {}
  ~Impl() { release(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Takes the layers, marks their weights as expanded, and builds `chains`.
  void adopt(std::vector<WeightSpaceLayer> adopted);
  /// Drops the layers; their weights are no longer marked as expanded.
  void release();
  /// Sorts the layers into batches of compatible chains.
  void batch();

  void fold();
  /// The layers in the form that `verify`, `contract` and `summary` read.
  [[nodiscard]] std::vector<ChainedLayer> chained_layers() const;
  void check_compact(const std::string& caller) const;
  /// Checks that the factors have not changed since the last fold.
  void check_fresh(const std::string& caller) const;
  void check_optimizer(const torch::optim::Optimizer& optimizer) const;
  /// Parameters of the optimizer that are not factors.
  [[nodiscard]] std::vector<at::Tensor> not_expanded(
      const torch::optim::Optimizer& optimizer) const;
  /// Whether `pull_back` was called for the current gradients.
  [[nodiscard]] bool is_pulled_back() const;

  torch::nn::Module* model;
  std::vector<WeightSpaceLayer> layers;  ///< in the model's order
  /// A factor and its key. The keys are stored because building them is slow.
  struct NamedFactor {
    std::string path, key;
    at::Tensor tensor;
  };
  std::vector<NamedFactor> factors;
  std::vector<ChainBatch> batches;
  /// A tree of modules with each chain at the path of its layer, for saving.
  std::shared_ptr<torch::nn::Module> chains =
      std::make_shared<torch::nn::Module>("Expansion");
  std::vector<std::string> notes;
  LayerWork work;  ///< of the last observed forward pass

  /// The compact gradients of the last pull back, and their versions.
  struct SeenGradient {
    at::Tensor grad;
    std::int64_t version;
  };
  [[nodiscard]] std::vector<SeenGradient> gradients() const;
  std::vector<SeenGradient> pulled;
};

}  // namespace expandnet
