#include <expandnet/data/sets/idx.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "data/sets/gzip_file.h"
#include "data/sets/parse.h"

namespace expandnet::data {

namespace {

constexpr const char* kReadIdx = "read_idx";
constexpr std::size_t kIdxMagicBytes = 4;
constexpr std::size_t kIdxSizeBytes = 4;
constexpr std::size_t kIdxMaxDimensions = 4;
constexpr std::uint8_t kIdxUnsignedByte = 0x08;

std::string join_sizes(const std::vector<std::int64_t>& sizes) {
  std::string text;
  for (const auto size : sizes) {
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  }
  return text;
}

}  // namespace

IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                   std::size_t dimensions) {
  const std::string where = kReadIdx;
  const auto quoted = "\"" + path + "\"";
  if (dimensions < 1 || dimensions > kIdxMaxDimensions) {
    throw_file_error(where, "an array has 1 to 4 dimensions",
                     std::to_string(dimensions),
                     "ask for 3 for images, 1 for labels");
  }

  const auto header_bytes = kIdxMagicBytes + kIdxSizeBytes * dimensions;
  const auto header = bytes.read(header_bytes);
  if (header.size() < header_bytes) {
    throw_file_error(where,
                     "an IDX file starts with a header of " +
                         std::to_string(header_bytes) + " bytes",
                     std::to_string(header.size()) + " bytes in " + quoted,
                     "fetch the file again");
  }
  const std::vector<std::uint8_t> magic(header.begin(),
                                        header.begin() + kIdxMagicBytes);
  const std::vector<std::uint8_t> expected = {
      0, 0, kIdxUnsignedByte, static_cast<std::uint8_t>(dimensions)};
  if (magic != expected) {
    throw_file_error(where,
                     "IDX bytes in " + std::to_string(dimensions) +
                         " dimensions start with " + hex_bytes(expected),
                     hex_bytes(magic) + " in " + quoted,
                     "give a file of that kind");
  }

  IdxArray array;
  for (auto i = kIdxMagicBytes; i < header_bytes; i += kIdxSizeBytes) {
    std::int64_t size = 0;  // big endian
    for (auto b = i; b < i + kIdxSizeBytes; ++b) size = size << 8 | header[b];
    array.sizes.push_back(size);
  }
  const auto sizes = join_sizes(array.sizes);
  std::int64_t promised = 1;
  for (const auto size : array.sizes) {
    if (size == 0) {
      throw_file_error(where, "each size must be positive",
                       sizes + " in the header of " + quoted,
                       "fetch the file again");
    }
    if (promised > kIdxMaxBytes / size) {
      throw_file_error(
          where, "an array may have " + std::to_string(kIdxMaxBytes) + " bytes",
          sizes + " in the header of " + quoted,
          "fetch the file again, or split it");
    }
    promised *= size;
  }

  const auto rule = "the header of " + quoted + " promises " + sizes + " bytes";
  array.bytes = bytes.read(static_cast<std::size_t>(promised));
  if (array.bytes.size() < static_cast<std::size_t>(promised)) {
    throw_file_error(where, rule, std::to_string(array.bytes.size()),
                     "fetch the file again");
  }
  // This also reads, and checks, the end of what is compressed.
  if (!bytes.read(1).empty())
    throw_file_error(where, rule, "more", "fetch the file again");
  return array;
}

IdxArray read_idx(const std::string& path, std::size_t dimensions) {
  GzipFile file(kReadIdx, path);
  return parse_idx(file, path, dimensions);
}

}  // namespace expandnet::data
