// torchscript_file.h: loads files of torch.jit.save, with their code.
#pragma once

#include <expandnet/base/export.h>
#include <torch/csrc/jit/api/module.h>

#include "base/mapped_file.h"

namespace expandnet {

/// Returns the module in the file, on the CPU. Executes the code that the file
/// contains for loading. Throws `std::runtime_error` for a file that is damaged
/// or not TorchScript, and for operators that no linked library registers.
[[nodiscard]] EXPANDNET_API torch::jit::Module load_torchscript(
    const MappedFile& file);

}  // namespace expandnet
