// zip_writer.h: writes a zip file as PyTorch does, without compression.
//
// LibTorch's PyTorchStreamWriter is not used: its destructor continues to write
// after a failure, so a full disk ends the program (observed with LibTorch
// 2.11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/zip/zip_directory.h"

namespace expandnet {

/// The content of an entry's headers.
struct ZipRecord {
  std::string name;
  std::uint64_t size = 0;  ///< in bytes, as stored
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;  ///< of its local header in the file
};

/// Alignment of entries in bytes, that of LibTorch's memory.
constexpr std::size_t kZipAlignment = 64;

/// Returns the local header of an entry; the bytes after it are aligned.
[[nodiscard]] std::string zip_local_header(const ZipRecord& record);
/// Returns the directory record of an entry.
[[nodiscard]] std::string zip_central_header(const ZipRecord& record);
/// Returns the records after the directory, at the end of the file.
[[nodiscard]] std::string zip_end_records(const ZipDirectory& directory);

/// Writes a zip file from front to back, with zip64 where 4 bytes are not
/// enough.
///
///     ZipWriter writer(
///         [&](auto* bytes, auto count) { out.write(bytes, count); });
///     writer.add("net/version", "3\n");
///     writer.finish();
class ZipWriter {
 public:
  using Sink = std::function<void(const void* bytes, std::size_t count)>;

  explicit ZipWriter(Sink sink);
  /// Writes an entry with its checksum. Names must be unique, have 1 to 65535
  /// bytes and be UTF-8; none of this is checked.
  void add(const std::string& name, std::string_view bytes);
  /// Writes the directory, which completes the file.
  void finish();

 private:
  void write(std::string_view bytes);

  Sink sink_;
  std::vector<ZipRecord> records_;
  std::uint64_t written_ = 0;
};

}  // namespace expandnet
