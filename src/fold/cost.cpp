#include <expandnet/fold/cost.h>

#include <algorithm>
#include <vector>

#include "fold/sides.h"

namespace expandnet {

std::int64_t fold_multiply_adds(const Plan& plan) {
  struct Node {
    std::int64_t in, out, taps, groups;
  };
  std::vector<Node> nodes;
  for (const auto& factor : plan.factors) {
    nodes.push_back({factor.in_channels, factor.out_channels, factor.taps(),
                     factor.groups});
  }
  std::int64_t count = 0;
  for (const auto& step : plan.order) {
    const auto outer = nodes[step.outer];
    const auto inner = nodes[step.inner];
    count += outer.out * outer.taps * (outer.in / outer.groups) * inner.taps *
             (inner.in / inner.groups);
    nodes.push_back({inner.in, outer.out, taps_of(step.sides),
                     std::min(outer.groups, inner.groups)});
  }
  return count;
}

std::int64_t step_multiply_adds(const Plan& plan) {
  return 3 * fold_multiply_adds(plan);
}

}  // namespace expandnet
