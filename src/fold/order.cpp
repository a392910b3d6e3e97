#include <expandnet/fold/order.h>
#include <expandnet/fold/plan.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "fold/sides.h"

namespace expandnet {

std::vector<Composition> cheapest_order(
    const std::vector<FactorShape>& factors) {
  const auto count = factors.size();
  struct Segment {
    double cost = std::numeric_limits<double>::infinity();
    std::size_t split = 0;
    Sides sides;
    std::int64_t groups = 1;  // of the composition: the coarsest
  };
  std::vector<std::vector<Segment>> best(count, std::vector<Segment>(count));
  for (std::size_t i = 0; i < count; ++i) {
    best[i][i] = {0, i, factors[i].kernel_size, factors[i].groups};
  }
  for (std::size_t length = 2; length <= count; ++length) {
    for (std::size_t first = 0; first + length <= count; ++first) {
      const auto last = first + length - 1;
      auto& segment = best[first][last];
      for (auto split = first; split < last; ++split) {
        const auto& inner = best[first][split];
        const auto& outer = best[split + 1][last];
        // An output reads the middle of its group, that the inputs of its own.
        const auto between = factors[split].out_channels / outer.groups;
        const auto inputs = factors[first].in_channels / inner.groups;
        const auto taps = taps_of(inner.sides) * taps_of(outer.sides);
        const auto cost = inner.cost + outer.cost +
                          static_cast<double>(factors[last].out_channels) *
                              static_cast<double>(between) *
                              static_cast<double>(inputs) *
                              static_cast<double>(taps);
        if (cost >= segment.cost) continue;
        segment = {cost, split, composed_sides(outer.sides, inner.sides),
                   std::min(outer.groups, inner.groups)};
      }
    }
  }

  std::vector<Composition> order;
  const std::function<std::size_t(std::size_t, std::size_t)> visit =
      [&](std::size_t first, std::size_t last) {
        if (first == last) return first;
        const auto& segment = best[first][last];
        const auto inner = visit(first, segment.split);
        const auto outer = visit(segment.split + 1, last);
        order.push_back({outer, inner, segment.sides});
        return count + order.size() - 1;
      };
  visit(0, count - 1);
  return order;
}

void set_order(Plan& plan) {
  plan.order.clear();
  for (auto& branch : plan.branches) {
    const auto first =
        plan.factors.begin() + static_cast<std::ptrdiff_t>(branch.first);
    const std::vector<FactorShape> chain(
        first, first + static_cast<std::ptrdiff_t>(branch.count));
    // Its nodes among those of the plan: factors, then compositions.
    const auto before = plan.order.size();
    const auto node = [&](std::size_t i) {
      return i < branch.count ? branch.first + i
                              : plan.factors.size() + before + i - branch.count;
    };
    for (const auto& [outer, inner, sides] : cheapest_order(chain)) {
      plan.order.push_back({node(outer), node(inner), sides});
    }
    branch.root = node(2 * branch.count - 2);
  }
}

}  // namespace expandnet
