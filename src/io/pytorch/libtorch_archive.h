// libtorch_archive.h: the tensors in a file of LibTorch's torch::save.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// Of a checkpoint that holds a moving average of its weights, what is read.
enum class Averages { kTaken, kLeftOut };

/// The tensors of an OutputArchive, under the paths of their modules; of this
/// library's checkpoints the model's and its chains'. Throws
/// `std::runtime_error` as `read_weights` says.
Weights read_libtorch_archive(const std::string& path, Averages averages);

}  // namespace expandnet
