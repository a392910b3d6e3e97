// pytorch_state_dict.h: where in a checkpoint the weights are.
#pragma once

#include <string>
#include <vector>

#include "io/pytorch/pickle_value.h"
#include "io/pytorch/pytorch_module.h"

namespace expandnet {

/// What was found.
struct PyTorchStateDict {
  std::vector<PyTorchEntry> entries;
  /// Other entries of the checkpoint that hold tensors.
  std::vector<std::string> notes;
  std::string key;  ///< where it stands; "" for the whole file
};

/// The tensors of the dictionary or module that `read_pytorch` describes, in
/// its order; calls of unknown functions are among them. `where` names the
/// file.
///
/// Throws `std::runtime_error` when there is none, or several; for an entry
/// that is no tensor but holds one, as quantized layers have; and unless the
/// names of its tensors differ and are UTF-8.
[[nodiscard]] PyTorchStateDict find_state_dict(const std::string& where,
                                               const Pickle& pickle,
                                               const std::string& key);

}  // namespace expandnet
