// pytorch_state_dict.h: where in a checkpoint the weights are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A tensor of a state dict, not looked into yet.
struct PyTorchEntry {
  std::string_view name;
  PickleIndex value;  ///< a call
};

/// The tensors of the dictionary that `read_pytorch` describes, in its order;
/// calls of unknown functions are among them. `where` names the file.
///
/// Throws `std::runtime_error` when there is no such dictionary, or several;
/// for an entry that is no tensor but holds one, as quantized layers have; and
/// unless the names of its tensors differ and are UTF-8.
[[nodiscard]] std::vector<PyTorchEntry> find_state_dict(
    const std::string& where, const Pickle& pickle, const std::string& key);

}  // namespace expandnet
