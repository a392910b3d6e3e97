// weights.h: named tensors, as files hold them.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// No name occurs twice.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// What a file of weights holds. Reading a format gives it, writing one takes
/// it: neither knows of modules.
struct Weights {
  /// In the order of the file.
  NamedTensors tensors;
  /// Text beside the tensors; of the formats, only safetensors has it.
  std::map<std::string, std::string> metadata;
  /// What the user of a file that was read should know, a sentence each: a
  /// prefix that was dropped, averages that stand beside the weights. Writers
  /// pass it over.
  std::vector<std::string> notes = {};
};

/// The weights of a file, and what a checkpoint has beside them.
struct TrainedWeights {
  Weights weights;
  /// Moving averages of compact layers whose chains are among the weights, from
  /// a checkpoint of weight space (--ema); else none. They are to take the
  /// places of the chains' folds: see `ContractWeightsOptions::averages`.
  NamedTensors averages;
};

}  // namespace expandnet
