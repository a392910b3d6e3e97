#include "io/pytorch/libtorch_file.h"

#include <algorithm>
#include <exception>

#include "base/error.h"
#include "base/libtorch_errors.h"
#include "base/text.h"

namespace expandnet {

namespace {

/// Of an entry that is compressed: those with code are.
constexpr std::size_t kMostUnpacked = std::size_t{64} << 20U;
/// The method that LibTorch calls on an object that it has read.
constexpr std::string_view kCalled = "__setstate__";

/// LibTorch finds entries whatever the case of their letters.
bool holds_code(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z'
               ? static_cast<char>(letter - 'A' + 'a')
               : letter;
  });
  return lower.find("/code/") != std::string::npos;
}

void check_entries(const std::string& where, const ZipArchive& zip) {
  for (const auto& entry : zip.entries()) {
    const bool is_code = holds_code(entry.name);
    if (entry.method == 0 && !is_code) {
      static_cast<void>(zip.read(entry));
      continue;
    }
    const auto text = zip.unpack(entry, kMostUnpacked);
    if (!is_code || text.find(kCalled) == std::string::npos) continue;
    throw_file_error(
        where, "reading it must run none of its code",
        "a " + std::string(kCalled) + " in " + quoted_name(entry.name),
        "save the state dict, of a quantized net that of the one before");
  }
}

}  // namespace

void open_libtorch_file(const std::string& where, std::string_view bytes,
                        c10::Device device,
                        torch::serialize::InputArchive& archive) {
  open_libtorch_file(where, bytes, ZipArchive(where, bytes), device, archive);
}

void open_libtorch_file(const std::string& where, std::string_view bytes,
                        const ZipArchive& zip, c10::Device device,
                        torch::serialize::InputArchive& archive) {
  check_entries(where, zip);
  try {
    archive.load_from(bytes.data(), bytes.size(), device);
  } catch (const std::exception& error) {  // of LibTorch, or of its parser
    const auto unknown = unknown_operator_in(error);
    if (!unknown.empty()) {
      throw_file_error(
          where, "the operators of a script must be known here", unknown,
          "in Python, torch.save(torch.jit.load(path).state_dict(), other)");
    }
    throw_file_error(where, "an archive of torch::save must be whole",
                     "an error of LibTorch (" + message_of(error) + ")",
                     "save it again");
  }
}

}  // namespace expandnet
