// weights.h: contracted weights, in the formats of others.
#pragma once

#include <expandnet/train/model.h>

#include <string>
#include <vector>

namespace expandnet::examples {

/// "libtorch", "safetensors", "pt", "torchscript".
const std::vector<std::string>& weight_formats();

/// The name in a run's folder; that of "libtorch" is kWeightsFile.
std::string weights_file(const std::string& format);

/// What is wrong with the name of a file of that format, which must not end as
/// those of another do; "" for nothing.
std::string complaint_about_ending(const std::string& path,
                                   const std::string& format);

/// Writes the state of a contracted model on the CPU, or for "torchscript" the
/// model, atomically. `example` is a batch that its forward takes.
void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path);

}  // namespace expandnet::examples
