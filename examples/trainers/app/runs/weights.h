// weights.h: saves and loads contracted weights of runs, in several formats.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/train/model.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <string>
#include <vector>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// "libtorch", "safetensors", "pt", "torchscript".
const std::vector<std::string>& weight_formats();

/// Name of the file in a run's folder; kWeightsFile for "libtorch".
std::string weights_file(const std::string& format);

/// Returns what is wrong with a file name for that format, which must not have
/// the ending of another format; "" if it is valid.
std::string complaint_about_ending(const std::string& path,
                                   const std::string& format);

/// Writes the state of a contracted or compact net for `torch::load`.
void save_weights(const torch::nn::Module& module, const std::string& path);

/// Writes the state of a contracted model on the CPU, or the model itself for
/// "torchscript", atomically. `example` is an input batch for the model.
void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path);

/// Loads a run's contracted weights into its compact net. Throws `c10::Error`
/// if there are none.
train::Model load_run(const std::string& folder, const Trainer& trainer,
                      std::int64_t classes, c10::Device device);

}  // namespace expandnet::examples
