// summary.h: what a model costs in training and in deployment.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// One expanded layer, or all other parameters of the model together.
struct SummaryRow {
  std::string path;
  std::string expansion;  ///< "CK 3 -> 12 -> 32 -> 8", or "contracted"
  /// Numbers in the chain that was asked for.
  std::int64_t train_parameters = 0;
  std::int64_t deploy_parameters = 0;
  /// Per sample of the last input's size: the factors over feature maps, and
  /// the compact layer, which is what runs when folded. Absent for layers that
  /// have not run.
  std::optional<std::int64_t> chained_multiply_adds;
  std::optional<std::int64_t> compact_multiply_adds;
  /// Bytes of parameters and their gradients in training, without optimizer
  /// state and activations; of parameters in deployment.
  std::int64_t train_bytes = 0;
  std::int64_t deploy_bytes = 0;
  /// Numbers that train where the chain is narrowed; absent: all.
  std::optional<std::int64_t> kept_parameters;
  /// Per update: of fold and pull back, and of the forward and backward pass of
  /// the compact layer on the batch and the size that it ran on last. Absent
  /// for layers without a chain, and for those that have not run.
  std::optional<std::int64_t> chain_step_multiply_adds;
  std::optional<std::int64_t> compact_step_multiply_adds;
  /// Root mean square of the folded weight at the start, of a sum of branches:
  /// where their scales put it. Absent for others.
  std::optional<double> initial_spread;

  /// The first as a share of the second: what the chain adds to the layer's own
  /// step, as far as multiply-adds tell. Absent where one of them is.
  [[nodiscard]] std::optional<double> cost() const;
};

/// Prints as a table with a line of totals; with a column of the initial spread
/// where a row has one.
struct Summary {
  std::vector<SummaryRow> rows;

  [[nodiscard]] SummaryRow total() const;
  [[nodiscard]] std::string to_string() const;
};
std::ostream& operator<<(std::ostream& stream, const Summary& summary);

/// Returns one row per expanded layer and one, with the path "(other)", for all
/// other parameters. Run the model once before to have multiply-adds counted.
/// A layer's step is three times its forward pass.
[[nodiscard]] Summary summary(torch::nn::Module& model);

}  // namespace expandnet
