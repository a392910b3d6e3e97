// zip_directory.h: finds the directory of a zip file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace expandnet {

/// The position of the central directory, according to the end records.
struct ZipDirectory {
  std::uint64_t offset;  ///< of its first byte in the file
  std::uint64_t size;    ///< in bytes
  std::uint64_t count;   ///< entries; as many as can fit into `size`
};

/// Finds the end record of a zip file and the zip64 records before it, if any.
/// Throws `std::runtime_error` unless all agree on a directory that is inside
/// the file and ends where they begin. `where` names the file.
[[nodiscard]] ZipDirectory find_zip_directory(const std::string& where,
                                              std::string_view file);

/// Whether a record of at least `size` bytes with this signature is at `at` and
/// before `end`, which must be inside the file.
[[nodiscard]] bool has_zip_record(std::string_view file,
                                  std::string_view signature, std::uint64_t at,
                                  std::size_t size, std::uint64_t end);

/// Throws an error about byte `at` of the file.
[[noreturn]] void fail_in_zip(const std::string& where, std::uint64_t at,
                              const std::string& rule,
                              const std::string& value);

}  // namespace expandnet
