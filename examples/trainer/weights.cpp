#include "trainer/weights.h"

#include <expandnet/io/load_weights.h>
#include <expandnet/io/pytorch_file.h>
#include <expandnet/io/safetensors.h>
#include <expandnet/io/torchscript.h>

#include "trainer/run.h"

namespace expandnet::examples {

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
    write_safetensors(weights_of(*model.module), path);
  } else if (format == "pt") {
    write_pytorch(weights_of(*model.module), path);
  } else if (format == "torchscript") {
    model.module->eval();
    export_torchscript(*model.module, model.forward, example, path);
  } else {
    save_weights(*model.module, path);
  }
}

}  // namespace expandnet::examples
