// gzip_file.h: reads a file that may be gzipped.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// The content of a file, from start to end, decompressed if it is gzipped.
/// Bytes after the end of the compressed data are ignored, as by gzip.
class GzipFile : public ByteSource {
 public:
  /// Throws `std::runtime_error` if the file cannot be opened. `where` names
  /// the reader in other messages.
  GzipFile(std::string where, std::string path);

  /// Throws `std::runtime_error` if the file cannot be read, or the compressed
  /// data are truncated or damaged.
  [[nodiscard]] std::vector<std::uint8_t> read(std::size_t count) override;

 private:
  std::string where_;
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace expandnet::data
