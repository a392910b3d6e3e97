// expansion_impl.h: what an Expansion holds.
#pragma once

#include <expandnet/passes/expansion.h>

#include <memory>
#include <string>
#include <vector>

#include "passes/chain_batch.h"
#include "passes/chained_layer.h"
#include "passes/layer_work.h"

namespace expandnet {

/// Whether a living Expansion folds into this weight.
bool is_expanded(const at::Tensor& weight);

/// "<path>.chain.<key>", where a factor is found in the state.
std::string chain_key(const std::string& path, const std::string& key);

struct Expansion::Impl {
  explicit Impl(torch::nn::Module& expanded) : model(&expanded) {}
  ~Impl() { release(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Takes the layers, marks their weights as expanded, and builds `chains`.
  void adopt(std::vector<WeightSpaceLayer> adopted);
  /// The opposite: no weight is expanded any more.
  void release();
  /// Sorts the layers into batches of compatible chains.
  void batch();

  void fold();
  /// The layers as `verify`, `contract` and `summary` read them.
  [[nodiscard]] std::vector<ChainedLayer> chained_layers() const;
  void check_compact(const std::string& caller) const;
  /// That the factors are as they were folded.
  void check_fresh(const std::string& caller) const;
  void check_optimizer(const torch::optim::Optimizer& optimizer) const;
  /// What the optimizer holds besides factors.
  [[nodiscard]] std::vector<at::Tensor> not_expanded(
      const torch::optim::Optimizer& optimizer) const;
  /// Whether `pull_back` has seen the gradients that are there now.
  [[nodiscard]] bool is_pulled_back() const;

  torch::nn::Module* model;
  std::vector<WeightSpaceLayer> layers;  ///< in the model's order
  /// Every factor by its key, which takes long to write down.
  struct NamedFactor {
    std::string path, key;
    at::Tensor tensor;
  };
  std::vector<NamedFactor> factors;
  std::vector<ChainBatch> batches;
  /// The chains at the paths of their layers: the state's tree.
  std::shared_ptr<torch::nn::Module> chains =
      std::make_shared<torch::nn::Module>("Expansion");
  std::vector<std::string> notes;
  LayerWork work;  ///< of the forward pass that was observed last

  /// The compact gradients that were pulled back last, and their versions.
  struct SeenGradient {
    at::Tensor grad;
    std::int64_t version;
  };
  [[nodiscard]] std::vector<SeenGradient> gradients() const;
  std::vector<SeenGradient> pulled;
};

}  // namespace expandnet
