// script_of.h: what an ImportedScript runs.
#pragma once

#include <expandnet/deploy/imported_script.h>
#include <torch/csrc/jit/api/module.h>

#include <string>

namespace expandnet {

struct ImportedScriptImpl::Script {
  torch::jit::Module module;
  /// An operator whose mode was fixed by tracing; "" for none.
  std::string mode_of_trace;
};

}  // namespace expandnet
