// zip_writer.h: writes a zip file as PyTorch does, compressing nothing.
//
// LibTorch's PyTorchStreamWriter is not used: its destructor goes on writing
// after a failure, so a full disk ends the program (seen with LibTorch 2.11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/zip/zip_directory.h"

namespace expandnet {

/// What the headers of an entry state.
struct ZipRecord {
  std::string name;
  std::uint64_t size = 0;  ///< in bytes, as stored
  std::uint32_t crc = 0;
  std::uint64_t offset = 0;  ///< of its local header in the file
};

/// Entries begin at a multiple of this, in bytes, as LibTorch's memory does.
constexpr std::size_t kZipAlignment = 64;

/// What stands before an entry: it ends where the alignment wants it to.
[[nodiscard]] std::string zip_local_header(const ZipRecord& record);
/// What lists an entry in the directory.
[[nodiscard]] std::string zip_central_header(const ZipRecord& record);
/// What stands behind the directory, at the end of the file.
[[nodiscard]] std::string zip_end_records(const ZipDirectory& directory);

/// Writes a zip file from front to back, with zip64 where 4 bytes do not do.
///
///     ZipWriter writer(
///         [&](auto* bytes, auto count) { out.write(bytes, count); });
///     writer.add("net/version", "3\n");
///     writer.finish();
class ZipWriter {
 public:
  using Sink = std::function<void(const void* bytes, std::size_t count)>;

  explicit ZipWriter(Sink sink);
  /// Writes an entry, with its checksum. Names must differ, have 1 to 65535
  /// bytes and be UTF-8; none of this is checked.
  void add(const std::string& name, std::string_view bytes);
  /// Writes the directory: the file is complete.
  void finish();

 private:
  void write(std::string_view bytes);

  Sink sink_;
  std::vector<ZipRecord> records_;
  std::uint64_t written_ = 0;
};

}  // namespace expandnet
