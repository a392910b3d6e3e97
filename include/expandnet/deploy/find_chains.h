// find_chains.h: which tensors of a file are the factors of a chain.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/deploy/chain_in_weights.h>
#include <expandnet/io/weights.h>

#include <string>
#include <vector>

namespace expandnet {

struct FindChainsOptions {
  /// Chains without keys of their own: "fc1", a Sequential whose entries are
  /// the factors and which becomes the layer, or "classifier.1-3", of which
  /// these entries are, and become entry 1. `*` stands for anything within one
  /// part of a path: "blocks.*.conv.0-2".
  std::vector<std::string> chains;
  /// Whether layers whose shapes could be those of a chain are taken for one.
  /// Shapes do not tell a chain from ordinary layers with activations between
  /// them: look at what was found.
  bool by_shape = false;
  /// Paths of the layers that are transposed convolutions; the shapes in a file
  /// do not tell.
  std::vector<std::string> transposed;
};

/// Returns the chains of the weights, of three kinds:
///
/// - this library's, `<path>.chain.<i>.weight`, which become `<path>.weight`;
/// - those that `options.chains` names;
/// - with `options.by_shape`, those in a Sequential, as the paper's Python code
///   builds them: consecutive entries with a weight, whose shapes are those
///   that `plan` gives a layer at some rate above 1 (the first factor may keep
///   its channels). If they are all there is, the Sequential becomes the layer:
///   `conv1.0.weight ... conv1.2.weight` -> `conv1.weight`. Else they take one
///   entry, and those behind move down.
///
/// Groups come from the shapes. A file does not tell a nonlinear twin from a
/// chain. Throws `c10::Error` for named chains that are not there, whose shapes
/// make no chain, and for `by_shape` where a chain has keys of its own or is
/// named.
[[nodiscard]] EXPANDNET_API std::vector<ChainInWeights> find_chains(
    const Weights& weights, const FindChainsOptions& options = {});

/// What a search by shape leaves although it could be multiplied: consecutive
/// entries of a Sequential whose shapes make a chain, but whose widths no rate
/// gives, without those of `found`. Each as `FindChainsOptions::chains` names
/// it, "classifier.1-3".
[[nodiscard]] EXPANDNET_API std::vector<std::string> sequences_left(
    const Weights& weights, const std::vector<ChainInWeights>& found);

}  // namespace expandnet
