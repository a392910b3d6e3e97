// pytorch_module.h: the state dict of a module that was pickled whole.
#pragma once

#include <string>
#include <vector>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// A tensor of a state dict, not looked into yet.
struct PyTorchEntry {
  std::string name;
  PickleIndex value;  ///< a call
};

/// Whether the value is an object with the attributes of torch.nn.Module, as
/// torch.save(net, path) leaves it.
[[nodiscard]] bool is_pytorch_module(const Pickle& pickle, PickleIndex value);

/// What the module's state_dict() gives in Python, read from `_parameters`,
/// `_buffers` and `_modules`; nothing is executed. Buffers that are not
/// persistent are left out.
///
/// Throws `std::runtime_error` if a part of the tree is no module or holds
/// something else than tensors, or the tree has no end. `where` names the file.
[[nodiscard]] std::vector<PyTorchEntry> pytorch_module_entries(
    const std::string& where, const Pickle& pickle, PickleIndex module);

}  // namespace expandnet
