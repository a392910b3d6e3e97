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
#include <string>
#include <vector>

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

  /// Writes the folds of all members into their compact parameters.
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
  /// Whether the members' factors are slices of this batch's.
  [[nodiscard]] bool is_gathered() const;
  void gather();
  /// Whether `folded_` came from the memory that the factors have now; loading
  /// and converting replace it.
  [[nodiscard]] bool is_folded_here() const;

  std::vector<WeightSpaceLayer> layers_;
  Plan plan_;                    ///< one chain with the groups of all
  std::vector<Affine> factors_;  ///< its factors, sliced into the members'
  Folded folded_;
  Affine joined_;              ///< the memory of the members' compact gradients
  std::vector<Affine> grads_;  ///< that of the factors' gradients
  std::vector<std::int64_t> versions_;  ///< of every factor, when folded
};

}  // namespace expandnet
