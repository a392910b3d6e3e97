// load_weights.h: gets the weights of a model, and loads weights into a model.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>
#include <torch/nn/module.h>

#include <iosfwd>
#include <string>
#include <vector>

namespace expandnet {

/// Returns the parameters of a model, then its buffers, by name. They are not
/// copies: further training changes them.
///
///     write_safetensors(weights_of(*model), "net.safetensors");
[[nodiscard]] EXPANDNET_API Weights weights_of(const torch::nn::Module& model);

/// Returns the weights with the prefix of the model's names. If all names of
/// the weights begin with "module." or "model." and none of the model's do,
/// this prefix is removed, with a note. If all names of the model begin with
/// such a prefix and none of the weights' do, because readers remove it, the
/// prefix is then added. Other names do not change. The tensors are shared.
[[nodiscard]] EXPANDNET_API Weights
with_names_of(const torch::nn::Module& model, Weights weights);

struct LoadOptions {
  /// Whether every parameter and buffer of the model and every tensor of the
  /// weights must have a counterpart. If not, those with a counterpart are
  /// loaded. As in Python, old files, from before BatchNorm counted its
  /// batches, may lack `num_batches_tracked`.
  bool strict = true;
};

/// The tensors that have no counterpart. Prints as a list.
struct EXPANDNET_API LoadReport {
  std::int64_t loaded = 0;
  /// Counters of BatchNorms that keep their values, because the weights have
  /// the BatchNorm's statistics but no counter.
  std::vector<std::string> left;
  std::vector<std::string> missing;      ///< in the model, not in the weights
  std::vector<std::string> unexpected;   ///< in the weights, not in the model
  std::vector<std::string> wrong_shape;  ///< "fc.weight [10, 64], not [5, 64]"

  [[nodiscard]] bool complete() const {
    return missing.empty() && unexpected.empty() && wrong_shape.empty();
  }
  [[nodiscard]] std::string to_string() const;
  /// "1 missing, 0 unexpected and 2 of a wrong shape"
  [[nodiscard]] std::string counts() const;
  /// One line for each of these; "" if there are none.
  [[nodiscard]] std::string mismatches() const;
};
EXPANDNET_API std::ostream& operator<<(std::ostream& stream,
                                       const LoadReport& report);

/// Returns what `load_weights` would report, but loads nothing. Throws
/// `c10::Error` for numbers that are not finite or exceed the range of the
/// model's dtype.
[[nodiscard]] EXPANDNET_API LoadReport
match_weights(const torch::nn::Module& model, const Weights& weights);

/// Copies the weights into the model's parameters and buffers of the same names
/// and shapes, which keep their tensors, dtypes and devices; values are cast.
/// Integer tensors accept only integers: another dtype counts as a wrong shape.
/// Prefixes of wrappers are matched by `with_names_of`. Factors of chains have
/// their own names. Loading into the model of an Expansion does not change its
/// factors: expand the model again.
///
/// Throws `c10::Error`, without changing the model: with the report, if
/// `strict` is set and a tensor has no counterpart; if no tensor has one; and
/// for numbers that are not finite or exceed the range of the model's dtype.
///
///     std::cout << load_weights(*model, read_weights("net.safetensors"));
EXPANDNET_API LoadReport load_weights(torch::nn::Module& model,
                                      const Weights& weights,
                                      const LoadOptions& options = {});

}  // namespace expandnet
