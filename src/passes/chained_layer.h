// chained_layer.h: a layer that has a chain, in the model or beside it.
//
// Modules and weight space both list their layers so; what verifies, contracts
// and sums up a model reads this list.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/chain.h>
#include <expandnet/passes/report.h>
#include <expandnet/passes/summary.h>
#include <expandnet/passes/verify_options.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

struct ChainedLayer {
  std::string path;
  const ChainImpl* chain;
  /// What the model holds in the chain's place; undefined in modules, which
  /// hold the chain alone.
  Affine compact;
  /// [C, *spatial] of the last input, where the layer has run.
  std::optional<std::vector<std::int64_t>> input_size;
  /// Multiply-adds of the compact layer's last forward pass, the whole batch.
  std::optional<std::int64_t> work;
};

struct CheckedChains {
  ContractionReport report;
  std::vector<Affine> contracted;  ///< of each chain: ChainImpl::contracted()
};

/// Contracts every chain in fp64 and checks it: that it is linear and finite,
/// and that what the model holds, or else the contraction, computes what the
/// chain does. Throws as `verify` says, in the name of `caller`; changes
/// nothing.
CheckedChains check_chains(const std::vector<ChainedLayer>& layers,
                           const VerifyOptions& options,
                           const std::string& caller);

/// Parameters and memory of a chain, its gradients and its compact layer.
SummaryRow summary_row(const ChainedLayer& layer);

}  // namespace expandnet
