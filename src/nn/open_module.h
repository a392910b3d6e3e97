// open_module.h: the parameters of any module.
#pragma once

#include <torch/nn/module.h>

#include <string>

namespace expandnet {

/// LibTorch registers a missing bias as an undefined parameter, under a name
/// that is taken then, and shows its list to derived classes alone.
struct OpenModule : torch::nn::Module {
  static void set_parameter(torch::nn::Module& module, const std::string& name,
                            const torch::Tensor& value) {
    (module.*&OpenModule::parameters_)[name] = value;
  }
};

}  // namespace expandnet
