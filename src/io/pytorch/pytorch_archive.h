// pytorch_archive.h: the records in a file of `torch.save`.
#pragma once

#include <string>
#include <string_view>

#include "io/zip/zip_archive.h"

namespace expandnet {

/// A zip file with a folder of records: "data.pkl", the pickle; "data/0" and so
/// on, the storages; and a few small ones, of which "byteorder" matters here.
///
/// Other files of PyTorch are recognised, and refused with what to do: those
/// from before 1.6, TorchScript, and those of big-endian machines.
class PyTorchArchive {
 public:
  /// `where` names the file in messages. The bytes of `file` must outlive this.
  /// Throws `std::runtime_error` if it is another file, or a damaged one.
  PyTorchArchive(const std::string& where, std::string_view file);

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
