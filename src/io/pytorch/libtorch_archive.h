// libtorch_archive.h: the tensors in a file of LibTorch's torch::save.
#pragma once

#include <expandnet/io/weights.h>

#include "base/mapped_file.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

/// Which weights to read from a checkpoint with a moving average of its
/// weights.
enum class Averages { kTaken, kLeftOut };

/// Returns the tensors of an OutputArchive, named by the paths of their
/// modules; for checkpoints of this library, those of the model and its chains.
/// `zip` is the directory of the file. Throws `std::runtime_error` as
/// `read_weights` says.
[[nodiscard]] TrainedWeights read_libtorch_archive(const MappedFile& file,
                                                   const ZipArchive& zip,
                                                   Averages averages);

}  // namespace expandnet
