// pytorch_reader.h: reads the state dict of a file that is already mapped.
#pragma once

#include <expandnet/io/weights.h>

#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

/// The result of `read_pytorch`, and the key of the state dict; "" for the
/// whole file.
struct PyTorchWeights {
  Weights weights;
  std::string key;
};

[[nodiscard]] PyTorchWeights read_pytorch(
    const std::shared_ptr<const MappedFile>& file, const std::string& key);
/// The same for a zip file opened by `open_pytorch_zip`.
[[nodiscard]] PyTorchWeights read_pytorch(
    const std::shared_ptr<const MappedFile>& file, ZipArchive zip,
    const std::string& key);

}  // namespace expandnet
