// libtorch_file.h: opens a file of LibTorch's torch::save.
#pragma once

#include <c10/core/Device.h>
#include <torch/serialize/input-archive.h>

#include <string>
#include <string_view>

#include "io/zip/zip_archive.h"

namespace expandnet {

/// Opens the archive whose bytes these are, with its tensors on `device`.
///
/// LibTorch reads over damage and runs what code a file brings for its
/// reading, so each entry is compared with its checksum before, and such code
/// refused. Throws `std::runtime_error`; `where` names the file in messages.
void open_libtorch_file(const std::string& where, std::string_view bytes,
                        c10::Device device,
                        torch::serialize::InputArchive& archive);
/// As above, where `zip` is the directory of the archive.
void open_libtorch_file(const std::string& where, std::string_view bytes,
                        const ZipArchive& zip, c10::Device device,
                        torch::serialize::InputArchive& archive);

}  // namespace expandnet
