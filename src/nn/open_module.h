// open_module.h: access to the parameters of any module.
#pragma once

#include <torch/nn/module.h>

#include <string>

namespace expandnet {

/// Sets a registered parameter. LibTorch registers a missing bias as an
/// undefined parameter, so the name cannot be registered again, and gives only
/// derived classes access to the list of parameters.
struct OpenModule : torch::nn::Module {
  static void set_parameter(torch::nn::Module& module, const std::string& name,
                            const torch::Tensor& value) {
    (module.*&OpenModule::parameters_)[name] = value;
  }
};

}  // namespace expandnet
