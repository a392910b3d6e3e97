// zip_archive.h: the entries of a zip file.
//
// In the files of `torch.save` none is compressed. Everything is taken from the
// central directory, at the end, with the extensions for more than 4 GiB
// (zip64), and compared with what stands before each entry. A data descriptor,
// which repeats sizes and checksum behind the bytes, is passed over: it adds
// nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace expandnet {

/// One entry, as views into the file.
struct ZipEntry {
  std::string_view name;     ///< as stored, at least one byte
  std::string_view bytes;    ///< as stored, not yet checked: see `read`
  unsigned method = 0;       ///< of compression; 0 for none
  std::uint32_t crc = 0;     ///< CRC-32; 0 also where none was computed
  std::uint64_t offset = 0;  ///< of its local header in the file
};

/// Reads the directory of a zip file in memory; copies none of its bytes.
///
/// Throws `std::runtime_error` unless all of it is consistent: one disk, every
/// entry inside the file, none encrypted, no two of them overlapping or of one
/// name, headers that agree. No count or size is believed, nor memory taken for
/// it, before the file is seen to be that large.
///
///     const ZipArchive archive("\"net.pt\"", file.bytes());
///     const auto* entry = archive.find("net/data.pkl");
///     if (entry != nullptr) parse(archive.read(*entry));
class ZipArchive {
 public:
  /// `where` names the file in messages. The bytes of `file` must outlive this.
  ZipArchive(std::string where, std::string_view file);

  /// In the order of the directory.
  [[nodiscard]] const std::vector<ZipEntry>& entries() const {
    return entries_;
  }
  /// The entry of that name, null if there is none.
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;

  /// The bytes of an entry, once their checksum agrees; throws otherwise, or if
  /// they are compressed. Each call reads all of them: ask for what is needed.
  /// A checksum of 0 passes: PyTorch writes it when told not to compute any.
  [[nodiscard]] std::string_view read(const ZipEntry& entry) const;
  /// The same of an entry that may be compressed, by deflate, to at most `most`
  /// bytes.
  [[nodiscard]] std::string unpack(const ZipEntry& entry,
                                   std::size_t most) const;

 private:
  /// Throws unless these bytes of the entry have its checksum.
  void check(const ZipEntry& entry, std::string_view bytes) const;

  std::string where_;
  std::vector<ZipEntry> entries_;
  std::map<std::string_view, std::size_t> by_name_;
};

}  // namespace expandnet
