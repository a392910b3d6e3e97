// load_weights.h: weights into a model, and out of it.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>
#include <torch/nn/module.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace expandnet {

/// The parameters of a model, then its buffers, by name: the tensors
/// themselves, which training goes on to change.
///
///     write_safetensors(weights_of(*model), "net.safetensors");
[[nodiscard]] EXPANDNET_API Weights weights_of(const torch::nn::Module& model);

/// The weights under the names of the model. Where all names of the model begin
/// with "module." or "model." and none of the weights' do, as readers take it
/// off, it is put before them; where all names of the weights do and none of
/// the model's, it is taken off, with a note, before another is put there. Others stay as they are. The
/// tensors are shared.
[[nodiscard]] EXPANDNET_API Weights
with_names_of(const torch::nn::Module& model, Weights weights);

struct LoadOptions {
  /// Whether every parameter and buffer of the model and every tensor of the
  /// weights must find its counterpart. Else those that do are loaded. As in
  /// Python, files from before a BatchNorm counted its batches may lack
  /// `num_batches_tracked`.
  bool strict = true;
};

/// What had no counterpart. Prints as a list.
struct EXPANDNET_API LoadReport {
  std::int64_t loaded = 0;
  /// Counters of BatchNorms whose statistics are in the weights without them.
  std::vector<std::string> left;
  std::vector<std::string> missing;      ///< of the model, not in the weights
  std::vector<std::string> unexpected;   ///< in the weights, not of the model
  std::vector<std::string> wrong_shape;  ///< "fc.weight [10, 64], not [5, 64]"

  [[nodiscard]] bool complete() const {
    return missing.empty() && unexpected.empty() && wrong_shape.empty();
  }
  [[nodiscard]] std::string to_string() const;
  /// "1 missing, 0 unexpected and 2 of a wrong shape"
  [[nodiscard]] std::string counts() const;
  /// A line for each of these; "" for none.
  [[nodiscard]] std::string mismatches() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const LoadReport& report);

/// What `load_weights` would report; loads nothing. Throws `c10::Error` for
/// numbers that are not finite and for those beyond the model's dtype.
[[nodiscard]] EXPANDNET_API LoadReport
match_weights(const torch::nn::Module& model, const Weights& weights);

/// Copies the weights into the model's parameters and buffers of the same names
/// and shapes, which keep their tensors, dtypes and devices; values are cast.
/// Integers take whole numbers alone: the dtype of others counts as a wrong
/// shape. Prefixes of wrappers are matched by `with_names_of`.
/// Factors of chains go by their own names. After loading into the model of an
/// Expansion its factors are those of before: expand it again.
///
/// Throws `c10::Error` with the report, where strict, if anything has no
/// counterpart, and always if nothing has one, for numbers that are not finite
/// and for those beyond the model's dtype; the model is then as it was.
///
///     std::cout << load_weights(*model, read_weights("net.safetensors"));
EXPANDNET_API LoadReport load_weights(torch::nn::Module& model,
                                      const Weights& weights,
                                      const LoadOptions& options = {});

}  // namespace expandnet
