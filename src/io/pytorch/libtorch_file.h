// libtorch_file.h: opens files of LibTorch's torch::save.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>
#include <torch/serialize/input-archive.h>

#include <string>
#include <string_view>

#include "io/zip/zip_archive.h"

namespace expandnet {

/// Opens the archive with these bytes; its tensors are on `device`.
///
/// LibTorch ignores damage, and executes the code that a file may contain for
/// loading. So the checksum of each entry is verified first, and such code is
/// refused. Throws `std::runtime_error`; `where` names the file in messages.
EXPANDNET_API void open_libtorch_file(const std::string& where,
                                      std::string_view bytes,
                                      c10::Device device,
                                      torch::serialize::InputArchive& archive);
/// The same with `zip`, the directory of the archive.
EXPANDNET_API void open_libtorch_file(const std::string& where,
                                      std::string_view bytes,
                                      const ZipArchive& zip, c10::Device device,
                                      torch::serialize::InputArchive& archive);

}  // namespace expandnet
