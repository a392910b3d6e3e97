// chain_batch.h: chains of one shape, folded as one.
//
// Groups never mix, so several chains whose groups have the same shape are
// equivalent to one chain with all their groups: the depthwise chains of a
// whole network fold in the same few products as one of them. The members'
// factors are slices of the batch's factors, so combining them copies nothing.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/chain.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fold/fold_loop.h"

namespace expandnet {

/// A layer of the model and its chain.
struct WeightSpaceLayer {
  std::string path;
  torch::nn::Module* module;  ///< owns `compact`
  Affine compact;             ///< the model's own parameters
  Chain chain;
};

class ChainBatch {
 public:
  explicit ChainBatch(std::vector<WeightSpaceLayer> layers);

  /// Whether two chains can be in one batch: their groups have one shape, and
  /// they have the same dtype and device.
  static bool compatible(const ChainImpl& a, const ChainImpl& b);

  /// Writes the folds of all members into their compact parameters. After the
  /// first call, neither `fold` nor `pull_back` allocates memory.
  void fold();
  /// Sets the gradients of the members' factors; the factors of a member
  /// without a gradient get none.
  void pull_back();
  /// Whether a factor was written to or replaced since `fold`.
  [[nodiscard]] bool is_stale() const;

  [[nodiscard]] const std::vector<WeightSpaceLayer>& layers() const {
    return layers_;
  }

 private:
  /// A factor's weight or bias, and its state at the last fold.
  struct Parameter {
    at::Tensor tensor;
    const void* memory;
    std::vector<std::int64_t> sizes, strides;
    std::int64_t version;
    at::Tensor grad;  ///< slice of the batch's gradient; undefined if fixed
    bool is_bias;
  };
  /// A layer's slices of the batch's fold and of its gradient, in the shapes
  /// that `target_of` gives its parameters.
  struct Member {
    Affine folded;
    Affine gradient;
    std::vector<Parameter> parameters;
  };

  /// Whether the factors' memory is where it was when `loop_` was made; loading
  /// and converting move it.
  [[nodiscard]] bool is_in_place() const;
  /// Combines the factors and makes `loop_` for them.
  void gather();

  std::vector<WeightSpaceLayer> layers_;
  Plan plan_;  ///< one chain with the groups of all members
  std::unique_ptr<FoldLoop> loop_;
  std::vector<Member> members_;  ///< one per layer
};

}  // namespace expandnet
