// max_cost.h: expansions that would cost more than they may.
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
  /// Share of the layer's forward and backward pass, such as 0.1.
  double share = 0.1;
  /// Runs the model on samples of the size that it is trained on. Null: there
  /// is no bound.
  std::function<void()> forward = nullptr;
  /// How many times as many samples make one update.
  std::int64_t passes = 1;
  /// Paths of layers that have no bound. Null: all have one.
  std::function<bool(const std::string& path)> excepts = nullptr;
};

}  // namespace expandnet
