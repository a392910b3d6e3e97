// new_paths.h: where the tensors of a file stand once chains are contracted.
#pragma once

#include <expandnet/deploy/chain_in_weights.h>

#include <map>
#include <string>
#include <vector>

namespace expandnet {

/// What paths become when each chain takes one entry or its container's place.
class NewPaths {
 public:
  /// The chains must outlive this.
  explicit NewPaths(const std::vector<ChainInWeights>& chains);
  /// The path of a module, or the name of a tensor, that is no factor's.
  [[nodiscard]] std::string of(const std::string& path) const;

 private:
  std::map<std::string, std::vector<const ChainInWeights*>> by_container_;
};

}  // namespace expandnet
