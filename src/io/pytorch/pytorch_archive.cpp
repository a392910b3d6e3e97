#include "io/pytorch/pytorch_archive.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

constexpr std::size_t kTarMagicOffset = 257;
constexpr std::string_view kTarMagic = "ustar";
constexpr std::string_view kZipMagic = "PK";
constexpr std::string_view kPickleMagic = "\x80";

/// Passes what may be a zip file.
std::string_view checked_pytorch_file(const std::string& where,
                                      std::string_view file) {
  const std::string rule = "the file must be one of torch.save";
  const auto begins_with = [&](std::string_view magic) {
    return file.substr(0, magic.size()) == magic;
  };
  if (is_zip(file)) return file;
  if (is_tar(file)) {
    throw_file_error(where, rule, "a tar file",
                     "unpack it; one that PyTorch before 0.1.10 wrote must be "
                     "loaded and saved again");
  }
  if (begins_with(kPickleMagic)) {
    throw_file_error(where, rule, "another pickle",
                     "load it in Python and save its tensors with torch.save");
  }
  constexpr std::size_t kShown = 8;
  const auto first = file.substr(0, kShown);
  throw_file_error(where, rule,
                   first.empty() ? "an empty one"
                                 : "one that begins with " +
                                       hex_bytes({first.begin(), first.end()}),
                   "give a file of torch.save");
}

/// The folder that the first entry is in, with the slash, as PyTorch takes it.
std::string folder_in(const ZipArchive& zip) {
  if (zip.entries().empty()) return "";
  const auto name = zip.entries().front().name;
  return std::string(name.substr(0, name.find('/') + 1));
}

}  // namespace

bool is_tar(std::string_view file) {
  return file.size() > kTarMagicOffset &&
         file.substr(kTarMagicOffset, kTarMagic.size()) == kTarMagic;
}

bool is_zip(std::string_view file) {
  return file.substr(0, kZipMagic.size()) == kZipMagic;
}

ZipArchive open_pytorch_zip(const std::string& where, std::string_view file) {
  return {where, checked_pytorch_file(where, file)};
}

bool is_libtorch_archive(const ZipArchive& zip) {
  // Both have constants; Python's torch.save has neither them nor code.
  const auto folder = folder_in(zip);
  const auto code = folder + "code/";
  return zip.find(folder + "constants.pkl") != nullptr ||
         std::any_of(zip.entries().begin(), zip.entries().end(),
                     [&](const auto& entry) {
                       return entry.name.substr(0, code.size()) == code;
                     });
}

PyTorchArchive::PyTorchArchive(const std::string& where, ZipArchive zip)
    : zip_(std::move(zip)), folder_(folder_in(zip_)) {
  if (zip_.find(name_of("archive_format")) != nullptr) {
    throw_file_error(
        where, "the file must be one of torch.save", "one of torch.export",
        "in Python, torch.save(torch.export.load(path).state_dict, other)");
  }
  if (is_libtorch_archive(zip_)) {
    throw_file_error(
        where, "the file must be one of torch.save in Python",
        "one of TorchScript or of LibTorch's torch::save",
        "in Python, torch.save(torch.jit.load(path).state_dict(), other)");
  }
  if (zip_.find(name_of("byteorder")) != nullptr) {
    const auto order = read(where, "byteorder");
    if (order != "little") {
      throw_file_error(
          where, "the bytes of numbers must be in little-endian order",
          quoted_name(order), "save the file on a little-endian machine");
    }
  }
}

std::string PyTorchArchive::name_of(std::string_view record) const {
  return folder_ + std::string(record);
}

std::string_view PyTorchArchive::read(const std::string& where,
                                      std::string_view record) const {
  const auto name = name_of(record);
  const auto* entry = zip_.find(name);
  if (entry == nullptr) {
    throw_file_error(where, "the file must hold " + quoted_name(name), "none",
                     "fetch the file or save it again");
  }
  return zip_.read(*entry);
}

}  // namespace expandnet
