// weights.h: named tensors, as files hold them.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace expandnet {

/// What a file of weights holds. Reading a format gives it, writing one takes
/// it: neither knows of modules.
struct Weights {
  /// In the order of the file; no name occurs twice.
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  /// Text beside the tensors; of the formats, only safetensors has it.
  std::map<std::string, std::string> metadata;
  /// Averages of compact tensors whose chains are among the tensors, of a
  /// trainer's checkpoint (--ema): to be deployed in the places of their folds,
  /// where `contract_weights` puts them. Nothing else reads or writes them.
  std::vector<std::pair<std::string, at::Tensor>> averages = {};
};

}  // namespace expandnet
