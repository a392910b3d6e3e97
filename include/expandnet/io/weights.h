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
};

}  // namespace expandnet
