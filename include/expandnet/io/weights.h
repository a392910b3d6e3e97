// weights.h: named tensors, as they are stored in files.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// Tensors with their names, each of which occurs once.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// The content of a file of weights. All readers return it and all writers take
/// it; it knows nothing of modules.
struct Weights {
  /// In the order of the file.
  NamedTensors tensors;
  /// Text stored with the tensors; only safetensors supports it.
  std::map<std::string, std::string> metadata;
  /// What the user should know about a file that was read, one sentence each:
  /// for example that a prefix was dropped, or that the file also holds
  /// averages. Writers ignore it.
  std::vector<std::string> notes = {};
};

/// The weights of a file, and the averages that a checkpoint may also hold.
struct TrainedWeights {
  Weights weights;
  /// Moving averages of compact layers whose chains are in `weights`; only
  /// weight-space checkpoints of a run with --ema have them. Deploy them
  /// instead of the folds of the chains: see
  /// `ContractWeightsOptions::averages`.
  NamedTensors averages;
};

}  // namespace expandnet
