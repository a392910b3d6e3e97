#include "idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMagicBytes = 4;
constexpr std::size_t kSizeBytes = 4;
constexpr std::uint8_t kUnsignedByte = 0x08;

[[noreturn]] void complain(const std::string& rule, const std::string& got) {
  throw std::runtime_error("read_idx: " + rule + ", got " + got);
}

/// The decompressed file. zlib hands out plain files as they are.
std::vector<std::uint8_t> read_bytes(const std::string& path) {
  errno = 0;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(
      gzopen(path.c_str(), "rb"), gzclose);
  if (!file) complain("the file must open", path + ": " + std::strerror(errno));

  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 1 << 16> chunk{};
  int count = 0;
  while ((count = gzread(file.get(), chunk.data(), chunk.size())) > 0) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + count);
  }
  // A gzip file that is cut short ends as an empty read, with an error.
  int error = Z_OK;
  const std::string message = gzerror(file.get(), &error);
  if (count < 0 || error != Z_OK) {
    complain("the file must be whole", message + "; fetch it again");
  }
  return bytes;
}

std::string join(const std::vector<std::int64_t>& sizes) {
  std::string text;
  for (const auto size : sizes) {
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  }
  return text;
}

}  // namespace

IdxArray read_idx(const std::string& path, std::size_t dimensions) {
  const auto bytes = read_bytes(path);
  const auto header = kMagicBytes + kSizeBytes * dimensions;
  const std::vector<std::size_t> magic = {0, 0, kUnsignedByte, dimensions};
  if (bytes.size() < header ||
      !std::equal(magic.begin(), magic.end(), bytes.begin())) {
    complain("IDX bytes in " + std::to_string(dimensions) +
                 " dimensions start with 0 0 8 " + std::to_string(dimensions),
             "other bytes at \"" + path + "\"");
  }

  IdxArray array;
  // In floating point, as the product of wrong sizes may fit no integer.
  double promised = 1;
  for (auto i = kMagicBytes; i < header; i += kSizeBytes) {
    std::int64_t size = 0;  // big endian
    for (auto b = i; b < i + kSizeBytes; ++b) size = size << 8 | bytes[b];
    array.sizes.push_back(size);
    promised *= static_cast<double>(size);
  }
  if (promised != static_cast<double>(bytes.size() - header)) {
    complain("the header promises " + join(array.sizes) + " bytes",
             std::to_string(bytes.size() - header) + " at \"" + path + "\"");
  }
  array.bytes.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header),
                     bytes.end());
  return array;
}
