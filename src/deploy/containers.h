// containers.h: the Sequentials of a file of weights.
#pragma once

#include <expandnet/fold/fold.h>
#include <expandnet/io/weights.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace expandnet {

/// A module of the file, by the tensors that are directly in it.
struct ModuleInFile {
  Affine affine;
  /// Tensors beside weight and bias, and modules within it.
  std::set<std::string> others;

  /// Whether it may be a factor: a weight [out, in, ...] and perhaps a bias.
  [[nodiscard]] bool is_factor() const;
  /// Whether its weight is computed of other tensors: by weight norm, pruning
  /// or another parametrization.
  [[nodiscard]] bool is_parametrized() const;
};

/// The numbered entries of a path; none of those that hold modules themselves.
using Entries = std::map<std::int64_t, ModuleInFile>;

/// A path under which modules stand.
struct Container {
  Entries entries;
  std::set<std::string> others;  ///< tensors and modules that are no entry
  std::map<std::string, at::Tensor> tensors;  ///< those directly in it
};

/// Every path of the file, "" too, by what stands under it.
std::map<std::string, Container> containers_of(const Weights& weights);

}  // namespace expandnet
