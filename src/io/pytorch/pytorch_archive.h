// pytorch_archive.h: the records in a file of `torch.save`.
#pragma once

#include <string>
#include <string_view>

#include "io/zip/zip_archive.h"

namespace expandnet {

/// Whether the bytes are of a tar file, as of a folder that was packed.
[[nodiscard]] bool is_tar(std::string_view file);

/// Whether the bytes begin as those of a zip file do.
[[nodiscard]] bool is_zip(std::string_view file);

/// The zip file whose bytes these are. Tar files, pickles and others are
/// refused with what to do. `where` names the file in messages. Throws
/// `std::runtime_error`.
[[nodiscard]] ZipArchive open_pytorch_zip(const std::string& where,
                                          std::string_view file);

/// Whether LibTorch has written the file, as TorchScript or by torch::save, and
/// not Python's torch.save.
[[nodiscard]] bool is_libtorch_archive(const ZipArchive& zip);

/// A zip file with a folder of records: "data.pkl", the pickle; "data/0" and so
/// on, the storages; and a few small ones, of which "byteorder" matters here.
///
/// TorchScript and the files of big-endian machines are refused with what to
/// do.
class PyTorchArchive {
 public:
  /// `where` names the file in messages. Its bytes must outlive this. Throws
  /// `std::runtime_error` if it is another file, or a damaged one.
  PyTorchArchive(const std::string& where, ZipArchive zip);

  /// "net/data.pkl" for "data.pkl", for messages.
  [[nodiscard]] std::string name_of(std::string_view record) const;
  /// The bytes of a record, once their checksum agrees; `where` names what
  /// needs it. Throws if it is missing or damaged.
  [[nodiscard]] std::string_view read(const std::string& where,
                                      std::string_view record) const;

 private:
  ZipArchive zip_;
  std::string folder_;  ///< with the slash
};

}  // namespace expandnet
