// libtorch_archive.h: the tensors in a file of LibTorch's torch::save.
#pragma once

#include <expandnet/io/weights.h>

#include "base/mapped_file.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

/// Of a checkpoint that holds a moving average of its weights, what is read.
enum class Averages { kTaken, kLeftOut };

/// The tensors of an OutputArchive, under the paths of their modules; of this
/// library's checkpoints the model's and its chains'. `zip` is the file's
/// directory. Throws `std::runtime_error` as `read_weights` says.
[[nodiscard]] TrainedWeights read_libtorch_archive(const MappedFile& file,
                                                   const ZipArchive& zip,
                                                   Averages averages);

}  // namespace expandnet
