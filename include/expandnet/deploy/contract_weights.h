// contract_weights.h: contracts the chains in a file, without the model's code.
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
  /// checkpoint: see `read_trained_weights`. Each is written instead of the
  /// fold, once the fold has been verified.
  NamedTensors averages;
  /// Dtype in which the folds are written. Absent: that of the factors, which
  /// must then have the same dtype. All other tensors keep their dtypes.
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
/// copied unchanged, under their new names, in their order. If the file also
/// holds the compact tensor (checkpoints of weight space do), the fold replaces
/// it, and the two must agree to 1e-2, which rules out a nonlinear twin.
///
/// Throws `c10::Error` as `find_chains` and `verify` do; if there is no chain;
/// if `options.dtype` is not set and the factors of a chain differ in dtype or
/// have an eight-bit dtype; and if a fold exceeds the range of its dtype.
///
///     auto compact = contract_weights(read_weights("trained.safetensors"));
///     write_safetensors(compact.weights, "compact.safetensors");
[[nodiscard]] EXPANDNET_API ContractedWeights contract_weights(
    const Weights& weights, const ContractWeightsOptions& options = {});

/// Returns one sentence for each thing that a file does not say and that the
/// user should check: the position of the padding in chains that are not this
/// library's, if it matters.
[[nodiscard]] EXPANDNET_API std::vector<std::string> notes_on_padding(
    const std::vector<ChainInWeights>& chains);

/// Renames the contracted weights of the common flat MobileNetV2, from which
/// the paper's is derived, to torchvision's names: `features.2.conv.3.weight`
/// -> `features.2.conv.1.0.weight`, `classifier.weight` ->
/// `classifier.1.weight`. Throws `c10::Error` for weights of another net.
[[nodiscard]] EXPANDNET_API Weights
with_torchvision_names(Weights mobilenet_v2);

}  // namespace expandnet
