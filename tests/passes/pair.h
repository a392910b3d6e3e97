// pair.h: a compact net beside the modules that it trains as.
#pragma once

#include <expandnet/passes/expand.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>

#include "nn/models.h"

namespace expandnet::testing {

/// The expansion that ExpandedNet has, of a CompactNet.
inline Expansion expand_like_expanded_net(CompactNet& net) {
  return expand(*net, ExpansionOptions().rate(2));
}

/// A compact net and an expanded one with the same factors.
struct Pair {
  explicit Pair(at::ScalarType dtype, Execution execution)
      : expanded(execution) {
    torch::manual_seed(0);
    net->to(dtype);
    expanded->to(dtype);
    expansion = std::make_unique<Expansion>(expand_like_expanded_net(net));
    const torch::NoGradGuard no_grad;
    const auto into = expanded->named_parameters();
    for (const auto& entry : expansion->named_parameters()) {
      into[entry.key()].copy_(entry.value());
    }
  }

  CompactNet net;
  ExpandedNet expanded;
  std::unique_ptr<Expansion> expansion;
};

inline at::Tensor loss_of(const at::Tensor& output) {
  return output.square().mean();
}

}  // namespace expandnet::testing
