// max_cost.h: a bound on the cost of expansions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace expandnet {

/// A bound on what the chain of each layer adds to the layer's own training
/// step, counted in multiply-adds of fold and pull back (fold/cost.h).
///
///     expand(*model, default_selector(*model),
///            MaxCost{0.1, [&] { model->forward(batch); }});
struct MaxCost {
  /// Bound, as a share of the layer's forward and backward pass.
  double share = 0.1;
  /// Runs the model on samples of the size that it trains on. Null: there is no
  /// bound.
  std::function<void()> forward = nullptr;
  /// Number of such forward passes per update.
  std::int64_t passes = 1;
  /// Whether the layer at `path` has no bound. Null: all layers have one.
  std::function<bool(const std::string& path)> excepts = nullptr;
};

}  // namespace expandnet
