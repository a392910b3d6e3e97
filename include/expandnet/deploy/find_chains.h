// find_chains.h: finds the tensors of a file that are factors of a chain.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/deploy/chain_in_weights.h>
#include <expandnet/io/weights.h>

#include <string>
#include <vector>

namespace expandnet {

struct FindChainsOptions {
  /// Paths of chains that do not have this library's keys. "fc1" is a
  /// Sequential whose entries are the factors; it becomes the layer.
  /// "classifier.1-3" names the entries 1 to 3 of a Sequential, which become
  /// entry 1. `*` stands for anything within one part of a path:
  /// "blocks.*.conv.0-2".
  std::vector<std::string> chains;
  /// Whether layers are treated as a chain if their shapes could be those of a
  /// chain. Ordinary layers with activations between them may have the same
  /// shapes: check the chains that were found.
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
///   its channels). If the Sequential has no other entries, it becomes the
///   layer: `conv1.0.weight ... conv1.2.weight` -> `conv1.weight`. Otherwise
///   they become one entry, and later entries move down.
///
/// Groups are derived from the shapes. A nonlinear twin looks like a chain in a
/// file. Throws `c10::Error` for a named chain that does not exist or whose
/// shapes do not make a chain, and for `by_shape` if the file has chains of the
/// other two kinds.
[[nodiscard]] EXPANDNET_API std::vector<ChainInWeights> find_chains(
    const Weights& weights, const FindChainsOptions& options = {});

/// Returns the sequences that a search by shape does not take although they
/// could be folded: consecutive entries of a Sequential whose shapes make a
/// chain, but with widths that no rate gives. Those of `found` are left out.
/// Each is in the format of `FindChainsOptions::chains`: "classifier.1-3".
[[nodiscard]] EXPANDNET_API std::vector<std::string> sequences_left(
    const Weights& weights, const std::vector<ChainInWeights>& found);

}  // namespace expandnet
