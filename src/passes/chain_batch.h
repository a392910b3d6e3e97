// chain_batch.h: chains of one shape, folded as one.
//
// Groups never mix, so chains whose groups have the same shape are one chain
// with all their groups: the depthwise chains of a whole network are folded by
// the same few products as one of them. The factors of the members are slices
// of the batch's factors; nothing is copied to bring them together.
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

/// A layer of the model with the chain beside it.
struct WeightSpaceLayer {
  std::string path;
  torch::nn::Module* module;  ///< owns `compact`
  Affine compact;             ///< the model's own parameters
  Chain chain;
};

class ChainBatch {
 public:
  explicit ChainBatch(std::vector<WeightSpaceLayer> layers);

  /// Whether two chains can be in one batch: groups of one shape, the same
  /// dtype and device.
  static bool compatible(const ChainImpl& a, const ChainImpl& b);

  /// Writes the folds of all members into their compact parameters. After the
  /// first time nothing is allocated, here and in `pull_back`.
  void fold();
  /// Sets the gradients of the members' factors; those of members without a
  /// gradient are left undefined.
  void pull_back();
  /// Whether a factor was written to or replaced since `fold`.
  [[nodiscard]] bool is_stale() const;

  [[nodiscard]] const std::vector<WeightSpaceLayer>& layers() const {
    return layers_;
  }

 private:
  /// A factor's weight or bias, as it was when it was folded.
  struct Parameter {
    at::Tensor tensor;
    const void* memory;
    std::vector<std::int64_t> sizes, strides;
    std::int64_t version;
    at::Tensor grad;  ///< its slice of the batch's; undefined if it is fixed
    bool is_bias;
  };
  /// A layer, and its slices of what the batch folds to and of the gradient of
  /// that, in the shape of `target_of` its parameters.
  struct Member {
    Affine folded;
    Affine gradient;
    std::vector<Parameter> parameters;
  };

  /// Whether the factors are where they were when the loop was made; loading
  /// and converting move them.
  [[nodiscard]] bool is_in_place() const;
  /// Brings the factors together and makes the loop over them.
  void gather();

  std::vector<WeightSpaceLayer> layers_;
  Plan plan_;  ///< one chain with the groups of all
  std::unique_ptr<FoldLoop> loop_;
  std::vector<Member> members_;  ///< one per layer
};

}  // namespace expandnet
