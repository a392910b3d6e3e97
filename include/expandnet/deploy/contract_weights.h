// contract_weights.h: contracts a file's chains without the program behind it.
#pragma once

#include <c10/core/ScalarType.h>
#include <expandnet/base/export.h>
#include <expandnet/deploy/find_chains.h>
#include <expandnet/io/weights.h>
#include <expandnet/passes/verify.h>

#include <optional>
#include <string>
#include <vector>

namespace expandnet {

struct ContractWeightsOptions : FindChainsOptions {
  /// Moving averages by the name of a compact tensor, from a trainer's
  /// checkpoint: see `read_trained_weights`. Each is written in the place of
  /// the fold, once the fold has been verified.
  NamedTensors averages;
  /// Dtype in which the folds are written; nothing: that of the factors, which
  /// must then have one. All other tensors keep theirs.
  std::optional<at::ScalarType> dtype;
  /// As in VerifyOptions.
  double tolerance = 1e-12;
};

struct ContractedWeights {
  Weights weights;
  ContractionReport report;  ///< of each chain; prints as a table
  std::vector<ChainInWeights> chains;
};

/// Folds every chain in fp64 and casts it once to the dtype, after the check of
/// `verify`, which needs neither stride nor padding. All other tensors are
/// taken over as they are, under their new names, in their order. If the file
/// also holds the compact tensor (checkpoints of weight space do), the fold
/// replaces it, and the two must agree to 1e-2, which rules out a nonlinear
/// twin.
///
/// Throws `c10::Error` as `find_chains` and `verify` do, if there is no chain,
/// if the factors of one differ in dtype or have one of eight bits and
/// `options.dtype` is not set, and if a fold leaves the range of its dtype.
///
///     auto compact = contract_weights(read_weights("trained.safetensors"));
///     write_safetensors(compact.weights, "compact.safetensors");
[[nodiscard]] EXPANDNET_API ContractedWeights contract_weights(
    const Weights& weights, const ContractWeightsOptions& options = {});

/// What no file says and the user should check, a sentence each: where chains
/// that are not this library's have their padding, if that matters.
[[nodiscard]] EXPANDNET_API std::vector<std::string> notes_on_padding(
    const std::vector<ChainInWeights>& chains);

/// Renames the weights of the widespread flat MobileNetV2, on which the paper's
/// is built, as torchvision names them: `features.2.conv.3.weight` ->
/// `features.2.conv.1.0.weight`, `classifier.weight` -> `classifier.1.weight`.
/// Of contracted weights. Throws `c10::Error` for weights of another net.
[[nodiscard]] EXPANDNET_API Weights
with_torchvision_names(Weights mobilenet_v2);

}  // namespace expandnet
