#include "io/zip/zip_writer.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "base/little_endian.h"
#include "io/zip/zip_format.h"

namespace expandnet {

namespace {

// The reader needs: directories of stored files, and zip64.
constexpr std::uint64_t kZipVersion = 20;
constexpr std::uint64_t kZip64Version = 45;
constexpr std::uint64_t kZipDate = 1U << 5U | 1U;  // 1980-01-01: none is known
// The field that PyTorch pads with.
constexpr std::string_view kZipPadding = "FB";

bool needs_zip64(const ZipRecord& record) {
  return std::max(record.size, record.offset) >= zip::kElsewhere32;
}

/// The two headers have the fields from the version to the checksum and sizes
/// in common.
std::string common_fields(const ZipRecord& record) {
  std::string bytes;
  const auto size = std::min(record.size, zip::kElsewhere32);
  append_little_endian(bytes, needs_zip64(record) ? kZip64Version : kZipVersion,
                       2);
  append_little_endian(bytes, zip::kFlagUtf8, 2);
  append_little_endian(bytes, 0, 2);  // stored
  append_little_endian(bytes, 0, 2);  // at midnight
  append_little_endian(bytes, kZipDate, 2);
  append_little_endian(bytes, record.crc, 4);
  append_little_endian(bytes, size, 4);
  append_little_endian(bytes, size, 4);
  append_little_endian(bytes, record.name.size(), 2);
  return bytes;
}

/// The zip64 field: the numbers for which the header has no room, in order.
std::string wide_field(const std::vector<std::uint64_t>& numbers) {
  std::string content;
  for (const auto number : numbers) {
    if (number >= zip::kElsewhere32) append_little_endian(content, number, 8);
  }
  if (content.empty()) return "";
  std::string field;
  append_little_endian(field, zip::kZip64Field, 2);
  append_little_endian(field, content.size(), 2);
  return field + content;
}

}  // namespace

std::string zip_local_header(const ZipRecord& record) {
  auto extra = wide_field({record.size, record.size});
  const auto unpadded =
      record.offset + zip::kLocalBytes + record.name.size() + extra.size() + 4;
  const auto padding =
      (kZipAlignment - unpadded % kZipAlignment) % kZipAlignment;
  extra += kZipPadding;
  append_little_endian(extra, padding, 2);
  extra.append(padding, 'Z');

  std::string header(zip::kLocalSignature);
  header += common_fields(record);
  append_little_endian(header, extra.size(), 2);
  return header + record.name + extra;
}

std::string zip_central_header(const ZipRecord& record) {
  const auto extra = wide_field({record.size, record.size, record.offset});
  std::string header(zip::kCentralSignature);
  append_little_endian(header,
                       needs_zip64(record) ? kZip64Version : kZipVersion, 2);
  header += common_fields(record);
  append_little_endian(header, extra.size(), 2);
  append_little_endian(header, 0, 2);  // no comment
  append_little_endian(header, 0, 2);  // on the only disk
  append_little_endian(header, 0, 2);  // not known to be text
  append_little_endian(header, 0, 4);  // no attributes of a file
  append_little_endian(header, std::min(record.offset, zip::kElsewhere32), 4);
  return header + record.name + extra;
}

std::string zip_end_records(const ZipDirectory& directory) {
  const auto& [offset, size, count] = directory;
  std::string bytes;
  if (count >= zip::kElsewhere16 ||
      std::max(offset, size) >= zip::kElsewhere32) {
    bytes += zip::kEnd64Signature;
    append_little_endian(bytes, zip::kEnd64Bytes - 12, 8);  // what follows
    append_little_endian(bytes, kZip64Version, 2);          // written by
    append_little_endian(bytes, kZip64Version, 2);          // to be read by
    append_little_endian(bytes, 0, 8);                      // on the only disk
    append_little_endian(bytes, count, 8);
    append_little_endian(bytes, count, 8);
    append_little_endian(bytes, size, 8);
    append_little_endian(bytes, offset, 8);
    bytes += zip::kLocatorSignature;
    append_little_endian(bytes, 0, 4);
    append_little_endian(bytes, offset + size, 8);
    append_little_endian(bytes, 1, 4);  // disks
  }
  const auto narrow_count = std::min(count, zip::kElsewhere16);
  bytes += zip::kEndSignature;
  append_little_endian(bytes, 0, 4);  // on the only disk
  append_little_endian(bytes, narrow_count, 2);
  append_little_endian(bytes, narrow_count, 2);
  append_little_endian(bytes, std::min(size, zip::kElsewhere32), 4);
  append_little_endian(bytes, std::min(offset, zip::kElsewhere32), 4);
  append_little_endian(bytes, 0, 2);  // no comment
  return bytes;
}

ZipWriter::ZipWriter(Sink sink) : sink_(std::move(sink)) {}

void ZipWriter::add(const std::string& name, std::string_view bytes) {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  const auto crc = data == nullptr ? 0 : ::crc32_z(0, data, bytes.size());
  records_.push_back(
      {name, bytes.size(), static_cast<std::uint32_t>(crc), written_});
  write(zip_local_header(records_.back()));
  write(bytes);
}

void ZipWriter::finish() {
  const auto offset = written_;
  for (const auto& record : records_) write(zip_central_header(record));
  write(zip_end_records({offset, written_ - offset, records_.size()}));
}

void ZipWriter::write(std::string_view bytes) {
  sink_(bytes.data(), bytes.size());
  written_ += bytes.size();
}

}  // namespace expandnet
