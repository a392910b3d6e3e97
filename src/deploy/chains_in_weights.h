// chains_in_weights.h: which tensors of a file are the factors of a chain.
#pragma once

#include <expandnet/deploy/contract_weights.h>
#include <expandnet/fold/fold.h>

#include <map>
#include <string>
#include <vector>

namespace expandnet {

/// A chain, where it is and what it is.
struct ChainInWeights {
  std::string container;             ///< the path whose entries the factors are
  std::int64_t first = 0, last = 0;  ///< entries
  /// Whether the container becomes the layer, or its entry `first` does.
  bool whole = false;
  Plan plan;
  std::vector<Affine> factors;  ///< as in the file
  /// Paths in the file; of `layer` that of the first factor or the container.
  std::vector<std::string> factor_paths;
  std::string layer_path;
};

/// In the order of their paths. Throws as `find_chains` says.
std::vector<ChainInWeights> chains_in(const Weights& weights,
                                      const ContractWeightsOptions& options);

/// What paths become when each chain takes one entry or its container's place.
class NewPaths {
 public:
  explicit NewPaths(const std::vector<ChainInWeights>& chains);
  /// The path of a module, or the name of a tensor, that is no factor's.
  [[nodiscard]] std::string of(const std::string& path) const;
  [[nodiscard]] std::string of(const ChainInWeights& chain) const;

 private:
  std::map<std::string, std::vector<const ChainInWeights*>> by_container_;
};

}  // namespace expandnet
