// pytorch_archive.h: the records in a file of `torch.save`.
#pragma once

#include <string>
#include <string_view>

#include "io/zip/zip_archive.h"

namespace expandnet {

/// Whether the bytes are a tar file, for example a packed folder.
[[nodiscard]] bool is_tar(std::string_view file);

/// Whether the bytes begin as those of a zip file do.
[[nodiscard]] bool is_zip(std::string_view file);

/// Opens the zip file with these bytes. Throws `std::runtime_error` for tar
/// files, pickles and other files; the message says what to do. `where` names
/// the file in messages.
[[nodiscard]] ZipArchive open_pytorch_zip(const std::string& where,
                                          std::string_view file);

/// Whether LibTorch wrote the file, as TorchScript or by torch::save, instead
/// of Python's torch.save.
[[nodiscard]] bool is_libtorch_archive(const ZipArchive& zip);

/// A zip file with a folder of records: the pickle "data.pkl", the storages
/// "data/0" and so on, and a few small ones, of which only "byteorder" is read.
///
/// TorchScript and files of big-endian machines are refused; the message says
/// what to do.
class PyTorchArchive {
 public:
  /// `where` names the file in messages. The bytes of the file must outlive
  /// this object. Throws `std::runtime_error` for another kind of file or a
  /// damaged one.
  PyTorchArchive(const std::string& where, ZipArchive zip);

  /// Returns the full name for messages: "net/data.pkl" for "data.pkl".
  [[nodiscard]] std::string name_of(std::string_view record) const;
  /// Returns the bytes of a record after verifying their checksum; `where`
  /// names the caller. Throws if the record is missing or damaged.
  [[nodiscard]] std::string_view read(const std::string& where,
                                      std::string_view record) const;

 private:
  ZipArchive zip_;
  std::string folder_;  ///< ends with a slash
};

}  // namespace expandnet
