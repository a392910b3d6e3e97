// zip_directory.h: where a zip file keeps its directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace expandnet {

/// The central directory, as the records at the end of the file give it.
struct ZipDirectory {
  std::uint64_t offset;  ///< of its first byte in the file
  std::uint64_t size;    ///< in bytes
  std::uint64_t count;   ///< of entries: no more than the bytes have room for
};

/// Finds the record at the end of a zip file, and the zip64 ones before it if
/// there are any. Throws `std::runtime_error` unless all agree, on a directory
/// that lies in the file and ends where they begin. `where` names the file.
[[nodiscard]] ZipDirectory find_zip_directory(const std::string& where,
                                              std::string_view file);

/// Whether `signature` is at `at`, in `size` bytes or more before `end`, which
/// must lie in the file.
[[nodiscard]] bool has_zip_record(std::string_view file,
                                  std::string_view signature, std::uint64_t at,
                                  std::size_t size, std::uint64_t end);

/// Throws what is wrong with byte `at` of the file.
[[noreturn]] void fail_in_zip(const std::string& where, std::uint64_t at,
                              const std::string& rule,
                              const std::string& value);

}  // namespace expandnet
