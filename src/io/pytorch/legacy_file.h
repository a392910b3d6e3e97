// legacy_file.h: the files that torch.save wrote before PyTorch 1.6.
//
// They are pickles, one after the other, then the storages:
//
//     magic number, protocol (1001), facts of the system   three pickles
//     what was saved, in which storages are ids            a pickle
//     names of the storages, in their order                a pickle
//     each storage: its elements (8 bytes), their bytes    little endian
//
// Newer ones write them with _use_new_zipfile_serialization=False. Needs no
// LibTorch.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// The parts of such a file that weights are read from: views of its bytes.
struct LegacyPyTorchFile {
  Pickle pickle;
  /// The bytes of each storage by its name.
  std::map<std::string_view, std::string_view> storages;
};

/// Whether the bytes begin with the magic number, of any protocol.
[[nodiscard]] bool is_legacy_pytorch(std::string_view file);

/// Takes the file apart. `where` names it in messages. Throws
/// `std::runtime_error` if a pickle is damaged, and unless each storage that
/// the pickle names is there, whole, and nothing comes after the last.
[[nodiscard]] LegacyPyTorchFile parse_legacy_pytorch(const std::string& where,
                                                     std::string_view file);

}  // namespace expandnet
