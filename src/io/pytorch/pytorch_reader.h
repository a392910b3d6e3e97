// pytorch_reader.h: reads the state dict of a file that is mapped already.
#pragma once

#include <expandnet/io/weights.h>

#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

/// What `read_pytorch` returns of a file, and the key at which it stands; ""
/// for the whole file.
struct PyTorchWeights {
  Weights weights;
  std::string key;
};

[[nodiscard]] PyTorchWeights read_pytorch(
    const std::shared_ptr<const MappedFile>& file, const std::string& key);
/// As above, for a zip file whose directory was read: `open_pytorch_zip`.
[[nodiscard]] PyTorchWeights read_pytorch(
    const std::shared_ptr<const MappedFile>& file, ZipArchive zip,
    const std::string& key);

}  // namespace expandnet
