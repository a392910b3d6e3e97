// summary.h: the cost of a model in training and in deployment.
#pragma once

#include <expandnet/base/export.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace expandnet {

/// One expanded layer, or all other parameters of the model together.
struct EXPANDNET_API SummaryRow {
  std::string path;
  std::string expansion;  ///< "CK 3 -> 12 -> 32 -> 8", or "contracted"
  /// Number of parameters in the chain that was asked for.
  std::int64_t train_parameters = 0;
  std::int64_t deploy_parameters = 0;
  /// Multiply-adds per sample of the size of the last input: of the factors
  /// over feature maps, and of the compact layer, which is what runs when
  /// folded. Absent for layers that have not run.
  std::optional<std::int64_t> chained_multiply_adds;
  std::optional<std::int64_t> compact_multiply_adds;
  /// Bytes in training, of parameters and their gradients without optimizer
  /// state and activations; and bytes in deployment, of parameters.
  std::int64_t train_bytes = 0;
  std::int64_t deploy_bytes = 0;
  /// Numbers that train in a narrowed chain; absent if it is not narrowed.
  std::optional<std::int64_t> kept_parameters;
  /// Multiply-adds per update: of fold and pull back, and of the compact
  /// layer's forward and backward pass, on the batch and size of its last
  /// input. Absent for layers without a chain and for layers that have not run.
  std::optional<std::int64_t> chain_step_multiply_adds;
  std::optional<std::int64_t> compact_step_multiply_adds;
  /// Root mean square of the folded weight at the start of a sum of branches,
  /// which the branches' scales determine. Absent for other layers.
  std::optional<double> initial_spread;

  /// `chain_step_multiply_adds` as a share of `compact_step_multiply_adds`:
  /// what the chain adds to the layer's own step, measured in multiply-adds.
  /// Absent if either is absent.
  [[nodiscard]] std::optional<double> cost() const;
};

/// Prints as a table with a line of totals. The initial spread has a column if
/// any row has one.
struct EXPANDNET_API Summary {
  std::vector<SummaryRow> rows;

  [[nodiscard]] SummaryRow total() const;
  [[nodiscard]] std::string to_string() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const Summary& summary);

/// Returns one row per expanded layer, and one with the path "(other)" for all
/// other parameters. Run the model once before, so that multiply-adds can be
/// counted. A layer's training step counts as three times its forward pass.
[[nodiscard]] EXPANDNET_API Summary summary(torch::nn::Module& model);

}  // namespace expandnet
