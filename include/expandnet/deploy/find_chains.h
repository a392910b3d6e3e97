// find_chains.h: which tensors of a file are the factors of a chain.
#pragma once

#include <expandnet/deploy/chain_in_weights.h>
#include <expandnet/io/weights.h>

#include <string>
#include <vector>

namespace expandnet {

struct FindChainsOptions {
  /// Chains that the shapes do not show: "fc1", a Sequential whose entries are
  /// the factors and which becomes the layer, or "classifier.1-3", of which
  /// these entries are, and become entry 1. `*` stands for anything within one
  /// part of a path: "blocks.*.conv.0-2". Where chains are named, shapes are
  /// not looked at.
  std::vector<std::string> chains;
  /// Paths of the layers that are transposed convolutions; the shapes in a file
  /// do not tell.
  std::vector<std::string> transposed;
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
[[nodiscard]] std::vector<ChainInWeights> find_chains(
    const Weights& weights, const FindChainsOptions& options = {});

}  // namespace expandnet
