// chain_in_weights.h: a chain among the tensors of a file.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/fold/plan.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet {

/// The position of a chain in a file, its plan and its tensors.
struct ChainInWeights {
  std::string layer;  ///< path of the compact layer, in the contracted weights
  std::vector<std::string> factors;  ///< paths in the file
  /// Path of the layer in the file. Checkpoints of weight space also hold the
  /// compact tensors there.
  std::string layer_in_file;

  std::string container;  ///< path in the file; has the factors as entries
  std::int64_t first = 0, last = 0;  ///< entries that are factors
  /// Whether the container becomes the layer; if not, its entry `first` does.
  bool whole = false;

  /// Has stride 1 and no padding: a file does not contain them, and folding
  /// does not depend on them.
  Plan plan;
  std::vector<Affine> tensors;  ///< of the factors, as in the file
};

}  // namespace expandnet
