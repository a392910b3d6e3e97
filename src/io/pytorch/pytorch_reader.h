// pytorch_reader.h: reads the state dict of a file that is mapped already.
#pragma once

#include <expandnet/io/weights.h>

#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

/// What `read_pytorch` returns of the file. `zip` is its directory, as
/// `open_pytorch_zip` gives it.
[[nodiscard]] Weights read_pytorch(std::shared_ptr<const MappedFile> file,
                                   ZipArchive zip, const std::string& key);

}  // namespace expandnet
