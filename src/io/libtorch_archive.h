// libtorch_archive.h: the tensors in a file of LibTorch's torch::save.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// The tensors of an OutputArchive, under the paths of their modules; of this
/// library's checkpoints the model's and its chains'. Throws
/// `std::runtime_error` as `read_weights` says.
Weights read_libtorch_archive(const std::string& path);

}  // namespace expandnet
