// contract_weights.h: contracts a file's chains without the program behind it.
#pragma once

#include <expandnet/io/weights.h>
#include <expandnet/passes/verify.h>

#include <string>
#include <vector>

namespace expandnet {

struct ContractWeightsOptions {
  /// Chains that the shapes do not show: "fc1", a Sequential whose entries are
  /// the factors and which becomes the layer, or "classifier.1-3", of which
  /// these entries are, and become entry 1. `*` stands for anything within one
  /// part of a path: "blocks.*.conv.0-2". Where chains are named, shapes are
  /// not looked at.
  std::vector<std::string> chains;
  /// Paths of the layers that are transposed convolutions; the shapes in a file
  /// do not tell.
  std::vector<std::string> transposed;
  /// Moving averages by the name of a compact tensor, from a trainer's
  /// checkpoint: see `read_trained_weights`. Each is written in the place of
  /// the fold, once the fold has been verified.
  NamedTensors averages = {};
  /// As in VerifyOptions.
  double tolerance = 1e-12;
};

/// A chain, as found.
struct FoundChain {
  std::string layer;  ///< path of the compact layer, in the contracted weights
  std::vector<std::string> factors;  ///< paths in the file
};

struct ContractedWeights {
  Weights weights;
  ContractionReport report;  ///< of each chain; prints as a table
  std::vector<FoundChain> chains;
};

/// Returns the chains of the weights, of three kinds:
///
/// - this library's, `<path>.chain.<i>.weight`, which become `<path>.weight`;
/// - those in a Sequential, as the paper's Python code builds them: consecutive
///   entries with a weight, whose shapes are those that `plan` gives a layer at
///   some rate above 1 (the first factor may keep its channels). If they
///   are all there is, the Sequential becomes the layer: `conv1.0.weight ...
///   conv1.2.weight` -> `conv1.weight`. Else they take one entry, and those
///   behind move down;
/// - those that `options.chains` names.
///
/// Groups come from the shapes. A file does not tell a nonlinear twin from a
/// chain. Throws `c10::Error` for named chains that are not there, or whose
/// shapes make no chain.
[[nodiscard]] std::vector<FoundChain> find_chains(
    const Weights& weights, const ContractWeightsOptions& options = {});

/// Folds every chain in fp64 and casts it once to its dtype, after the check of
/// `verify`, which needs neither stride nor padding. All other tensors are
/// taken over as they are, under their new names, in their order. If the file
/// also holds the compact tensor (checkpoints of weight space do), the fold
/// replaces it, and the two must agree to 1e-2, which rules out a nonlinear
/// twin.
///
/// Throws `c10::Error` as `find_chains` and `verify` do, and if there is no
/// chain.
///
///     auto compact = contract_weights(read_weights("mobilenet_v1_cl.pth"));
///     write_safetensors(compact.weights, "mobilenet_v1.safetensors");
[[nodiscard]] ContractedWeights contract_weights(
    const Weights& weights, const ContractWeightsOptions& options = {});

/// Renames the weights of the widespread flat MobileNetV2, on which the paper's
/// is built, as torchvision names them: `features.2.conv.3.weight` ->
/// `features.2.conv.1.0.weight`, `classifier.weight` -> `classifier.1.weight`.
/// Of contracted weights. Throws `c10::Error` for weights of another net.
[[nodiscard]] Weights with_torchvision_names(Weights mobilenet_v2);

}  // namespace expandnet
