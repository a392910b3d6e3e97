#include "trainer/weights.h"

#include <expandnet/io/pytorch_file.h>
#include <expandnet/io/safetensors.h>
#include <expandnet/io/torchscript.h>

#include "trainer/run.h"

namespace expandnet::examples {

namespace {

Weights state_of(const torch::nn::Module& module) {
  Weights weights;
  for (const auto& item : module.named_parameters()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  for (const auto& item : module.named_buffers()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  return weights;
}

}  // namespace

const std::vector<std::string>& weight_formats() {
  static const std::vector<std::string> formats = {"libtorch", "safetensors",
                                                   "pt", "torchscript"};
  return formats;
}

std::string weights_file(const std::string& format) {
  if (format == "safetensors") return "weights.safetensors";
  if (format == "pt") return "weights.pth";
  if (format == "torchscript") return "net.torchscript.pt";
  return kWeightsFile;
}

void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path) {
  if (format == "safetensors") {
    write_safetensors(state_of(*model.module), path);
  } else if (format == "pt") {
    write_pytorch(state_of(*model.module), path);
  } else if (format == "torchscript") {
    model.module->eval();
    export_torchscript(*model.module, model.forward, example, path);
  } else {
    save_weights(*model.module, path);
  }
}

}  // namespace expandnet::examples
