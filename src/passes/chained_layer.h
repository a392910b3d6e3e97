// chained_layer.h: a layer that has a chain, as a module or in weight space.
//
// Both kinds of expanded model list their layers as ChainedLayer; the code that
// verifies, contracts and summarizes a model reads this list.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/nn/chain.h>
#include <expandnet/passes/report.h>
#include <expandnet/passes/step_scales.h>
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
  /// The compact parameters in a model that trains in weight space; undefined
  /// for modules, which hold only the chain.
  Affine compact;
  /// [C, *spatial] of the last input; absent if the layer has not run.
  std::optional<std::vector<std::int64_t>> input_size;
  /// Multiply-adds of the compact layer's last forward pass, for the whole
  /// batch.
  std::optional<std::int64_t> work;
};

struct CheckedChains {
  ContractionReport report;
  std::vector<Affine> contracted;  ///< ChainImpl::contracted() of each chain
};

/// Contracts every chain in fp64 and checks it: the chain must be linear and
/// finite, and must compute the same as the model's compact parameters or, if
/// those are undefined, as the contraction. Throws as `verify` says, in the
/// name of `caller`; changes nothing.
CheckedChains check_chains(const std::vector<ChainedLayer>& layers,
                           const VerifyOptions& options,
                           const std::string& caller);

/// Numbers and bytes of a chain, its gradients and its compact layer.
SummaryRow summary_row(const ChainedLayer& layer);

/// The pace of a chain at the values that it has.
StepScale step_scale(const ChainedLayer& layer);

}  // namespace expandnet
