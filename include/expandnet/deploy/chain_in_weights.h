// chain_in_weights.h: a chain among the tensors of a file.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet {

/// A chain, where it is and what it is.
struct ChainInWeights {
  std::string layer;  ///< path of the compact layer, in the contracted weights
  std::vector<std::string> factors;  ///< paths in the file
  /// Path of the layer in the file, where checkpoints of weight space hold the
  /// compact tensors, too.
  std::string layer_in_file;

  std::string container;  ///< path in the file whose entries the factors are
  std::int64_t first = 0, last = 0;  ///< entries
  /// Whether the container becomes the layer; else its entry `first` does.
  bool whole = false;

  /// With stride 1 and no padding: a file tells neither, and folding does not
  /// depend on them.
  Plan plan;
  std::vector<Affine> tensors;  ///< of the factors, as in the file
};

}  // namespace expandnet
