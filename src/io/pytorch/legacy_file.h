// legacy_file.h: files that torch.save wrote before PyTorch 1.6.
//
// They consist of several pickles in a row, followed by the storages:
//
//     magic number, protocol (1001), system information      three pickles
//     the saved object, which refers to storages by id       a pickle
//     names of the storages, in their order                  a pickle
//     each storage: number of elements (8 bytes), elements   little endian
//
// Newer versions write them with _use_new_zipfile_serialization=False. Needs no
// LibTorch.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// The parts of such a file that contain the weights, as views of its bytes.
struct LegacyPyTorchFile {
  Pickle pickle;
  /// The bytes of each storage, by its name.
  std::map<std::string_view, std::string_view> storages;
};

/// Whether the bytes begin with the magic number, in a pickle of any protocol.
[[nodiscard]] bool is_legacy_pytorch(std::string_view file);

/// Splits the file into its parts. `where` names it in messages. Throws
/// `std::runtime_error` if a pickle is damaged, if a storage that the pickle
/// names is missing or incomplete, and if bytes follow the last storage.
[[nodiscard]] LegacyPyTorchFile parse_legacy_pytorch(const std::string& where,
                                                     std::string_view file);

}  // namespace expandnet
