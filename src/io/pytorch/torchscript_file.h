// torchscript_file.h: loads a file of torch.jit.save, with its code.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include "base/mapped_file.h"

namespace expandnet {

/// The module in the file, on the CPU. What code the file brings for its
/// loading is executed. Throws `std::runtime_error` for a file that is damaged
/// or no TorchScript, and for operators that no library here registers.
[[nodiscard]] torch::jit::Module load_torchscript(const MappedFile& file);

}  // namespace expandnet
