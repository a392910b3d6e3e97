// zip_archive.h: reads the entries of a zip file.
//
// Files of `torch.save` have no compressed entries. All information comes from
// the central directory at the end, with the extensions for more than 4 GiB
// (zip64), and is compared with the local header before each entry. Data
// descriptors, which repeat sizes and checksum after the bytes, are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace expandnet {

/// One entry, as views of the file.
struct ZipEntry {
  std::string_view name;     ///< as stored, at least one byte
  std::string_view bytes;    ///< as stored, not yet verified: see `read`
  unsigned method = 0;       ///< compression method; 0 for none
  std::uint32_t crc = 0;     ///< CRC-32; 0 also if none was computed
  std::uint64_t offset = 0;  ///< of its local header in the file
};

/// Reads the directory of a zip file in memory; copies no bytes of the file.
///
/// Throws `std::runtime_error` unless everything is consistent: one disk, every
/// entry inside the file, none encrypted, no two of them overlapping or with
/// the same name, and matching headers. No count or size is trusted, and no
/// memory allocated for it, before it is checked against the size of the file.
///
///     const ZipArchive archive("\"net.pt\"", file.bytes());
///     const auto* entry = archive.find("net/data.pkl");
///     if (entry != nullptr) parse(archive.read(*entry));
class ZipArchive {
 public:
  /// `where` names the file in messages. The bytes of `file` must outlive this
  /// object.
  ZipArchive(std::string where, std::string_view file);

  /// In the order of the directory.
  [[nodiscard]] const std::vector<ZipEntry>& entries() const {
    return entries_;
  }
  /// Returns the entry with this name, null if there is none.
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;

  /// Returns the bytes of an entry after verifying their checksum. Throws if it
  /// differs or the entry is compressed. Each call reads all bytes of the
  /// entry. A checksum of 0 is accepted: PyTorch writes it if told not to
  /// compute checksums.
  [[nodiscard]] std::string_view read(const ZipEntry& entry) const;
  /// The same for an entry that may be compressed by deflate, to at most `most`
  /// bytes.
  [[nodiscard]] std::string unpack(const ZipEntry& entry,
                                   std::size_t most) const;

 private:
  /// Throws unless the bytes have the checksum of the entry.
  void check(const ZipEntry& entry, std::string_view bytes) const;

  std::string where_;
  std::vector<ZipEntry> entries_;
  std::map<std::string_view, std::size_t> by_name_;
};

}  // namespace expandnet
