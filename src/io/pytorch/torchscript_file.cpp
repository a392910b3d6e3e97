#include "io/pytorch/torchscript_file.h"

#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "base/text.h"
#include "io/pytorch/pytorch_archive.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

namespace {

/// Of an entry that is compressed: those with code are.
constexpr std::size_t kMostCode = std::size_t{64} << 20U;

/// LibTorch reads over damage: compares each entry with its checksum.
void check_checksums(const ZipArchive& zip) {
  for (const auto& entry : zip.entries()) {
    if (entry.method == 0) {
      static_cast<void>(zip.read(entry));
    } else {
      static_cast<void>(zip.unpack(entry, kMostCode));
    }
  }
}

bool has_code(const ZipArchive& zip) {
  return std::any_of(
      zip.entries().begin(), zip.entries().end(), [](const auto& entry) {
        return entry.name.find("/code/") != std::string_view::npos;
      });
}

}  // namespace

torch::jit::Module load_torchscript(const MappedFile& file) {
  const auto where = in_quotes(file.path());
  const auto refuse = [&](const char* got) {
    throw_file_error(where, "the file must be one of TorchScript", got,
                     "in Python, torch.jit.script(net).save(path)");
  };
  const auto bytes = file.bytes();
  if (bytes.empty()) refuse("an empty one");
  if (!is_zip(bytes)) refuse("no zip file");
  const auto zip = open_pytorch_zip(where, bytes);
  if (!has_code(zip)) refuse("one without code");
  check_checksums(zip);
  try {
    return torch::jit::load(file.path(), c10::kCPU);
  } catch (const std::exception& error) {  // of LibTorch, or of its parser
    const auto unknown = unknown_operator_in(error);
    if (!unknown.empty()) {
      throw_file_error(where, "the operators of a script must be known here",
                       unknown, "link or load the library that registers it");
    }
    throw_file_error(where, "a script must be one that this LibTorch loads",
                     "an error of LibTorch (" + first_line_of(error) + ")",
                     "save it with the PyTorch of this version");
  }
}

}  // namespace expandnet
