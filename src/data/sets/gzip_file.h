// gzip_file.h: reads a file, gzipped or not.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/sets/byte_source.h"

namespace expandnet::data {

/// What a file holds, from its start to its end, decompressed where it is
/// gzipped. What follows the end of the compressed data is ignored, as gzip
/// does.
class GzipFile : public ByteSource {
 public:
  /// Throws `std::runtime_error` when the file does not open. `where` is who
  /// reads it, for other messages.
  GzipFile(std::string where, std::string path);

  /// Throws `std::runtime_error` when the file cannot be read, or the
  /// compressed data are cut short or damaged.
  [[nodiscard]] std::vector<std::uint8_t> read(std::size_t count) override;

 private:
  std::string where_;
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace expandnet::data
