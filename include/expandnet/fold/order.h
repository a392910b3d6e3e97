// order.h: the order in which the factors of a chain are composed.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/factor_shape.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace expandnet {

/// One composition: node `result` = nodes[outer] o nodes[inner]. Nodes 0 ...
/// l-1 are the factors; the others are the compositions, in order.
struct Composition {
  std::size_t outer;
  std::size_t inner;
  std::vector<std::int64_t> sides;  ///< of the result
};

/// Returns the order of compositions that needs the fewest multiplications. The
/// factors themselves keep their order, so this is the matrix chain problem.
[[nodiscard]] EXPANDNET_API std::vector<Composition> cheapest_order(
    const std::vector<FactorShape>& factors);

}  // namespace expandnet
