// pytorch_module.h: the state dict of a module that was pickled as a whole.
#pragma once

#include <string>
#include <vector>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A tensor of a state dict that has not been read yet.
struct PyTorchEntry {
  std::string name;
  PickleIndex value;  ///< the call that makes the tensor
};

/// Whether the value is an object with the attributes of torch.nn.Module, as
/// torch.save(net, path) writes it.
[[nodiscard]] bool is_pytorch_module(const Pickle& pickle, PickleIndex value);

/// Returns what the module's state_dict() returns in Python, read from
/// `_parameters`, `_buffers` and `_modules`; nothing is executed. Buffers that
/// are not persistent are left out.
///
/// Throws `std::runtime_error` if a part of the tree is not a module or
/// contains something other than tensors, and if the tree is infinite. `where`
/// names the file.
[[nodiscard]] std::vector<PyTorchEntry> pytorch_module_entries(
    const std::string& where, const Pickle& pickle, PickleIndex module);

}  // namespace expandnet
