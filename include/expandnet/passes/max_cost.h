// max_cost.h: expansions that would cost more than they may.
#pragma once

#include <functional>

namespace expandnet {

/// A bound on what the chain of each layer adds to the layer's own training
/// step, counted in multiply-adds of fold and pull back (fold/cost.h).
///
///     expand(*model, default_selector(*model),
///            MaxCost{0.1, [&] { model->forward(batch); }});
struct MaxCost {
  /// Share of the layer's forward and backward pass, such as 0.1.
  double share = 0.1;
  /// Runs the model on as many samples as make one update, of the size that it
  /// is trained on. Null: there is no bound.
  std::function<void()> forward = nullptr;
};

}  // namespace expandnet
