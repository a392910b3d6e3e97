// zip_files.h: zip files that the tests make and damage.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "io/zip/zip_writer.h"

namespace expandnet::testing {

/// Names of entries and their bytes.
using ZipContent = std::vector<std::pair<std::string, std::string>>;

/// A zip file, as our writer makes it.
inline std::string zip_of(const ZipContent& content) {
  std::string file;
  ZipWriter writer([&](const void* bytes, std::size_t count) {
    file.append(static_cast<const char*>(bytes), count);
  });
  for (const auto& [name, bytes] : content) writer.add(name, bytes);
  writer.finish();
  return file;
}

/// The file with other bytes from `at` on.
inline std::string patched(std::string file, std::size_t at,
                           const std::string& bytes) {
  return file.replace(at, bytes.size(), bytes);
}

}  // namespace expandnet::testing
