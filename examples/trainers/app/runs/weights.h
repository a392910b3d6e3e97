// weights.h: contracted weights of runs, in our format and those of others.
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

/// The name in a run's folder; that of "libtorch" is kWeightsFile.
std::string weights_file(const std::string& format);

/// What is wrong with the name of a file of that format, which must not end as
/// those of another do; "" for nothing.
std::string complaint_about_ending(const std::string& path,
                                   const std::string& format);

/// Writes the state of a contracted or compact net as `torch::load` reads it.
void save_weights(const torch::nn::Module& module, const std::string& path);

/// Writes the state of a contracted model on the CPU, or for "torchscript" the
/// model, atomically. `example` is a batch that its forward takes.
void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path);

/// Loads a run's contracted weights into its compact net. Throws `c10::Error`
/// where there are none.
train::Model load_run(const std::string& folder, const Trainer& trainer,
                      std::int64_t classes, c10::Device device);

}  // namespace expandnet::examples
