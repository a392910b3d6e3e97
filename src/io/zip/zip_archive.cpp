#include "io/zip/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "io/zip/zip_directory.h"
#include "io/zip/zip_format.h"

namespace expandnet {

namespace {

/// What a header of an entry states.
struct ZipHeader {
  std::uint64_t flags;
  std::uint64_t method;
  std::uint64_t crc;
  std::uint64_t stored_size;
  std::uint64_t size;
  std::uint64_t offset;  ///< of the local header; 0 there
  std::string_view name;
  std::string_view extra;  ///< fields: id and size, of 2 bytes each, content
};

class ZipReader {
 public:
  ZipReader(const std::string& where, std::string_view file)
      : where_(where),
        file_(file),
        directory_(find_zip_directory(where, file)),
        at_(directory_.offset) {}

  [[nodiscard]] std::vector<ZipEntry> entries();

 private:
  [[nodiscard]] ZipHeader next_header();
  [[nodiscard]] ZipHeader local_header(const ZipHeader& central) const;
  [[nodiscard]] ZipEntry entry_of(const ZipHeader& central) const;
  void widen(ZipHeader& header) const;
  void check_overlap(std::vector<ZipEntry> entries) const;

  [[nodiscard]] std::uint64_t number(std::uint64_t at,
                                     std::size_t count) const {
    return little_endian(file_, at, count);
  }

  const std::string& where_;
  std::string_view file_;
  ZipDirectory directory_;
  std::uint64_t at_;  ///< of what comes next in the directory
};

/// Takes from the zip64 field what has no room in the header.
void ZipReader::widen(ZipHeader& header) const {
  std::string_view wide;
  for (auto rest = header.extra; rest.size() >= 4;) {
    const auto size = little_endian(rest, 2, 2);
    if (size > rest.size() - 4) break;
    if (little_endian(rest, 0, 2) == zip::kZip64Field) {
      wide = rest.substr(4, size);
      break;
    }
    rest.remove_prefix(4 + size);
  }
  for (auto* field : {&header.size, &header.stored_size, &header.offset}) {
    if (*field != zip::kElsewhere32) continue;
    if (wide.size() < 8) {
      throw_file_error(where_,
                       "a header must hold the numbers that it puts into zip64",
                       "none for " + quoted_name(header.name),
                       "fetch the file or save it again");
    }
    *field = little_endian(wide, 0, 8);
    wide.remove_prefix(8);
  }
}

/// Reads the next header of the directory.
ZipHeader ZipReader::next_header() {
  const auto end = directory_.offset + directory_.size;
  if (!has_zip_record(file_, zip::kCentralSignature, at_, zip::kCentralBytes,
                      end)) {
    fail_in_zip(where_, at_,
                "the directory must list " + std::to_string(directory_.count) +
                    " entries",
                "fewer");
  }
  const auto name_size = number(at_ + 28, 2);
  const auto extra_size = number(at_ + 30, 2);
  const auto rest = name_size + extra_size + number(at_ + 32, 2);
  if (name_size == 0 || rest > end - at_ - zip::kCentralBytes) {
    fail_in_zip(where_, at_,
                "a header must have a name and end in the directory",
                "a name of " + std::to_string(name_size) + " of " +
                    std::to_string(rest) + " bytes");
  }
  if (number(at_ + 34, 2) != 0) {
    fail_in_zip(where_, at_, "a zip file must be on one disk", "parts of it");
  }
  const auto name = at_ + zip::kCentralBytes;
  ZipHeader header = {number(at_ + 8, 2),
                      number(at_ + 10, 2),
                      number(at_ + 16, 4),
                      number(at_ + 20, 4),
                      number(at_ + 24, 4),
                      number(at_ + 42, 4),
                      file_.substr(name, name_size),
                      file_.substr(name + name_size, extra_size)};
  widen(header);
  at_ = name + rest;
  return header;
}

/// The header before the bytes of the entry, which both lie in the file.
ZipHeader ZipReader::local_header(const ZipHeader& central) const {
  const auto at = central.offset;
  const auto quoted = quoted_name(central.name);
  if (!has_zip_record(file_, zip::kLocalSignature, at, zip::kLocalBytes,
                      directory_.offset)) {
    fail_in_zip(where_, at, "the header of " + quoted + " must be here",
                "none");
  }
  const auto name = at + zip::kLocalBytes;
  const auto name_size = number(at + 26, 2);
  const auto extra_size = number(at + 28, 2);
  const auto room = directory_.offset - name;
  if (name_size + extra_size > room ||
      central.stored_size > room - name_size - extra_size) {
    fail_in_zip(where_, at, quoted + " must end before the directory",
                std::to_string(central.stored_size) + " bytes");
  }
  ZipHeader header = {number(at + 6, 2),
                      number(at + 8, 2),
                      number(at + 14, 4),
                      number(at + 18, 4),
                      number(at + 22, 4),
                      0,
                      file_.substr(name, name_size),
                      file_.substr(name + name_size, extra_size)};
  widen(header);
  return header;
}

ZipEntry ZipReader::entry_of(const ZipHeader& central) const {
  const auto quoted = quoted_name(central.name);
  if ((central.flags & (zip::kFlagEncrypted | zip::kFlagStronglyEncrypted |
                        zip::kFlagMasked)) != 0) {
    throw_file_error(where_, "no entry may be encrypted", quoted,
                     "zip the files without a password");
  }
  const auto local = local_header(central);
  // Where a descriptor follows, the local header may leave these to it.
  const bool left = (local.flags & zip::kFlagDescriptor) != 0;
  const auto agree = [&](std::uint64_t here, std::uint64_t there) {
    return here == there || (left && here == 0);
  };
  const bool is_stored_plainly =
      central.method != 0 || central.stored_size == central.size;
  if (local.name != central.name || local.flags != central.flags ||
      local.method != central.method || !agree(local.crc, central.crc) ||
      !agree(local.size, central.size) ||
      !agree(local.stored_size, central.stored_size) || !is_stored_plainly) {
    fail_in_zip(where_, central.offset,
                "the header must be that of " + quoted + " in the directory",
                "another");
  }
  const auto begin = central.offset + zip::kLocalBytes + local.name.size() +
                     local.extra.size();
  return {central.name, file_.substr(begin, central.stored_size),
          static_cast<unsigned>(central.method),
          static_cast<std::uint32_t>(central.crc), central.offset};
}

void ZipReader::check_overlap(std::vector<ZipEntry> entries) const {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto& before = entries[i - 1];
    const auto* end = before.bytes.data() + before.bytes.size();
    if (static_cast<std::uint64_t>(end - file_.data()) <= entries[i].offset) {
      continue;
    }
    fail_in_zip(
        where_, entries[i].offset, "entries must not overlap",
        quoted_name(entries[i].name) + " in " + quoted_name(before.name));
  }
}

std::vector<ZipEntry> ZipReader::entries() {
  std::vector<ZipEntry> entries;
  entries.reserve(directory_.count);
  while (entries.size() < directory_.count) {
    entries.push_back(entry_of(next_header()));
  }
  if (at_ != directory_.offset + directory_.size) {
    fail_in_zip(where_, at_,
                "the directory must list " + std::to_string(directory_.count) +
                    " entries",
                "more");
  }
  check_overlap(entries);
  return entries;
}

/// What was deflated, if that is `most` bytes or less and ends where `bytes`
/// do.
std::optional<std::string> inflated(std::string_view bytes, std::size_t most) {
  z_stream stream = {};
  if (bytes.size() > most || ::inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
    return std::nullopt;
  }
  stream.next_in =
      const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  std::array<char, 4096> piece;
  auto status = Z_OK;
  while (status == Z_OK && text.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    status = ::inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), piece.size() - stream.avail_out);
  }
  const bool is_whole = status == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  if (!is_whole || text.size() > most) return std::nullopt;
  return text;
}

}  // namespace

ZipArchive::ZipArchive(std::string where, std::string_view file)
    : where_(std::move(where)), entries_(ZipReader(where_, file).entries()) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (by_name_.emplace(entries_[i].name, i).second) continue;
    throw_file_error(where_, "names of entries must differ",
                     quoted_name(entries_[i].name) + " twice",
                     "fetch the file or save it again");
  }
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second];
}

std::string_view ZipArchive::read(const ZipEntry& entry) const {
  if (entry.method != 0) {
    throw_file_error(where_, "what is read must be stored as it is",
                     quoted_name(entry.name) + " compressed by method " +
                         std::to_string(entry.method),
                     "save the file with PyTorch, or zip it with level 0");
  }
  check(entry, entry.bytes);
  return entry.bytes;
}

std::string ZipArchive::unpack(const ZipEntry& entry, std::size_t most) const {
  if (entry.method != zip::kDeflated) return std::string(read(entry));
  auto bytes = inflated(entry.bytes, most);
  if (!bytes) {
    throw_file_error(where_,
                     quoted_name(entry.name) + " must unpack to at most " +
                         std::to_string(most) + " bytes",
                     "damage, or more", "fetch the file or save it again");
  }
  check(entry, *bytes);
  return *std::move(bytes);
}

void ZipArchive::check(const ZipEntry& entry, std::string_view bytes) const {
  const auto* begin = reinterpret_cast<const Bytef*>(bytes.data());
  if (entry.crc == 0 || ::crc32_z(0, begin, bytes.size()) == entry.crc) return;
  throw_file_error(where_,
                   "the bytes of " + quoted_name(entry.name) +
                       " must have the checksum of the directory",
                   "another", "fetch the file or save it again");
}

}  // namespace expandnet
