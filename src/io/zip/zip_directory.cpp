#include "io/zip/zip_directory.h"

#include <algorithm>

#include "base/error.h"
#include "base/little_endian.h"
#include "io/zip/zip_format.h"

namespace expandnet {

namespace {

// Their headers take 46 MiB at least; a checkpoint has some thousands.
constexpr std::uint64_t kMaxZipEntries = 1U << 20U;

std::string directory_text(const ZipDirectory& directory) {
  return std::to_string(directory.size) + " bytes from byte " +
         std::to_string(directory.offset);
}

std::uint64_t find_end_record(const std::string& where, std::string_view file) {
  const auto searched = std::min<std::uint64_t>(
      file.size(), zip::kEndBytes + zip::kMaxCommentBytes);
  for (std::uint64_t left = zip::kEndBytes; left <= searched; ++left) {
    const auto at = file.size() - left;
    // A comment ends the file.
    if (has_zip_record(file, zip::kEndSignature, at, zip::kEndBytes,
                       file.size()) &&
        little_endian(file, at + 20, 2) == left - zip::kEndBytes) {
      return at;
    }
  }
  throw_file_error(where,
                   "a zip file must end with the record of its directory",
                   "none in the last " + std::to_string(searched) + " bytes",
                   "fetch the file or save it again");
}

ZipDirectory read_zip64_record(const std::string& where, std::string_view file,
                               std::uint64_t locator) {
  const auto at = little_endian(file, locator + 8, 8);
  if (!has_zip_record(file, zip::kEnd64Signature, at, zip::kEnd64Bytes,
                      locator)) {
    fail_in_zip(where, locator, "the zip64 record must come before its locator",
                "none at byte " + std::to_string(at));
  }
  // The signature and the size itself, 12 bytes, do not count.
  const auto size = little_endian(file, at + 4, 8);
  if (size != locator - at - 12) {
    fail_in_zip(where, at, "the zip64 record must end at its locator",
                std::to_string(size) + " bytes");
  }
  const ZipDirectory directory = {little_endian(file, at + 48, 8),
                                  little_endian(file, at + 40, 8),
                                  little_endian(file, at + 32, 8)};
  if (little_endian(file, locator + 4, 4) != 0 ||
      little_endian(file, at + 16, 4) != 0 ||
      little_endian(file, at + 20, 4) != 0 ||
      little_endian(file, at + 24, 8) != directory.count) {
    fail_in_zip(where, at, "a zip file must be on one disk", "parts of it");
  }
  if (directory.offset > at || directory.size != at - directory.offset) {
    fail_in_zip(where, at, "the directory must end at the zip64 record",
                directory_text(directory));
  }
  return directory;
}

}  // namespace

bool has_zip_record(std::string_view file, std::string_view signature,
                    std::uint64_t at, std::size_t size, std::uint64_t end) {
  return at <= end && end - at >= size &&
         file.compare(at, signature.size(), signature) == 0;
}

void fail_in_zip(const std::string& where, std::uint64_t at,
                 const std::string& rule, const std::string& value) {
  throw_file_error(where + ", byte " + std::to_string(at), rule, value,
                   "fetch the file or save it again");
}

ZipDirectory find_zip_directory(const std::string& where,
                                std::string_view file) {
  const auto at = find_end_record(where, file);
  ZipDirectory directory = {little_endian(file, at + 16, 4),
                            little_endian(file, at + 12, 4),
                            little_endian(file, at + 10, 2)};
  if (little_endian(file, at + 4, 2) != 0 ||
      little_endian(file, at + 6, 2) != 0 ||
      little_endian(file, at + 8, 2) != directory.count) {
    fail_in_zip(where, at, "a zip file must be on one disk", "parts of it");
  }

  const auto locator = at - zip::kLocatorBytes;
  if (at >= zip::kLocatorBytes &&
      has_zip_record(file, zip::kLocatorSignature, locator, zip::kLocatorBytes,
                     at)) {
    const auto wide = read_zip64_record(where, file, locator);
    const auto agree = [](std::uint64_t narrow, std::uint64_t number,
                          std::uint64_t elsewhere) {
      return narrow == elsewhere || narrow == number;
    };
    if (!agree(directory.offset, wide.offset, zip::kElsewhere32) ||
        !agree(directory.size, wide.size, zip::kElsewhere32) ||
        !agree(directory.count, wide.count, zip::kElsewhere16)) {
      fail_in_zip(where, at, "both records of the directory must agree",
                  directory_text(directory) + " and " + directory_text(wide));
    }
    directory = wide;
  } else if (directory.offset > at || directory.size != at - directory.offset) {
    fail_in_zip(where, at, "the directory must end at its record",
                directory_text(directory));
  }

  const auto room =
      std::min(kMaxZipEntries, directory.size / zip::kCentralBytes);
  if (directory.count > room) {
    fail_in_zip(where, at,
                "a directory of " + std::to_string(directory.size) +
                    " bytes has room for " + std::to_string(room) + " entries",
                std::to_string(directory.count));
  }
  return directory;
}

}  // namespace expandnet
