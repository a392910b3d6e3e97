// pytorch_state_dict.h: finds the weights in a checkpoint.
#pragma once

#include <string>
#include <vector>

#include "io/pytorch/pickle_value.h"
#include "io/pytorch/pytorch_module.h"

namespace expandnet {

/// A state dict that was found.
struct PyTorchStateDict {
  std::vector<PyTorchEntry> entries;
  /// Other entries of the checkpoint that hold tensors.
  std::vector<std::string> notes;
  std::string key;  ///< its key; "" for the whole file
};

/// Returns the tensors of the dictionary or module that `read_pytorch`
/// describes, in its order, including calls of unknown functions. `where` names
/// the file.
///
/// Throws `std::runtime_error` if there is none, or several; for an entry that
/// is not a tensor but contains one, as in quantized layers; and unless the
/// names of the tensors are unique and UTF-8.
[[nodiscard]] PyTorchStateDict find_state_dict(const std::string& where,
                                               const Pickle& pickle,
                                               const std::string& key);

}  // namespace expandnet
