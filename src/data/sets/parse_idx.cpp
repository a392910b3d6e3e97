#include "data/sets/parse_idx.h"

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

constexpr std::size_t kIdxMagicBytes = 4;
constexpr std::size_t kIdxSizeBytes = 4;
constexpr std::size_t kIdxMaxDimensions = 4;
constexpr std::uint8_t kIdxUnsignedByte = 0x08;

void check_idx_magic(const std::string& quoted,
                     const std::vector<std::uint8_t>& header,
                     std::size_t dimensions) {
  const std::vector<std::uint8_t> magic(header.begin(),
                                        header.begin() + kIdxMagicBytes);
  const std::vector<std::uint8_t> expected = {
      0, 0, kIdxUnsignedByte, static_cast<std::uint8_t>(dimensions)};
  if (magic == expected) return;
  throw_file_error(kReadIdx,
                   "IDX bytes in " + std::to_string(dimensions) +
                       " dimensions start with " + hex_bytes(expected),
                   hex_bytes(magic) + " in " + quoted,
                   "give a file of that kind");
}

/// Big endian, as all numbers of the format.
std::vector<std::int64_t> sizes_in(const std::vector<std::uint8_t>& header) {
  std::vector<std::int64_t> sizes;
  for (auto i = kIdxMagicBytes; i < header.size(); i += kIdxSizeBytes) {
    std::int64_t size = 0;
    for (auto b = i; b < i + kIdxSizeBytes; ++b) size = size << 8 | header[b];
    sizes.push_back(size);
  }
  return sizes;
}

/// How many bytes the sizes promise.
std::int64_t checked_bytes(const std::string& quoted,
                           const std::vector<std::int64_t>& sizes) {
  const auto value = joined(sizes, " x ") + " in the header of " + quoted;
  std::int64_t bytes = 1;
  for (const auto size : sizes) {
    if (size == 0) {
      throw_file_error(kReadIdx, "each size must be positive", value,
                       "fetch the file again");
    }
    if (bytes > kIdxMaxBytes / size) {
      throw_file_error(
          kReadIdx,
          "an array may have " + std::to_string(kIdxMaxBytes) + " bytes", value,
          "fetch the file again, or split it");
    }
    bytes *= size;
  }
  return bytes;
}

}  // namespace

IdxArray parse_idx(ByteSource& bytes, const std::string& path,
                   std::size_t dimensions) {
  const std::string where = kReadIdx;
  const auto quoted = in_quotes(path);
  if (dimensions < 1 || dimensions > kIdxMaxDimensions) {
    throw_argument_error(where, "an array has 1 to 4 dimensions",
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
  check_idx_magic(quoted, header, dimensions);

  IdxArray array;
  array.sizes = sizes_in(header);
  const auto promised =
      static_cast<std::size_t>(checked_bytes(quoted, array.sizes));
  const auto rule = "the header of " + quoted + " promises " +
                    joined(array.sizes, " x ") + " bytes";
  array.bytes = bytes.read(promised);
  if (array.bytes.size() < promised) {
    throw_file_error(where, rule, std::to_string(array.bytes.size()),
                     "fetch the file again");
  }
  // This also reads, and checks, the end of what is compressed.
  if (!bytes.read(1).empty()) {
    throw_file_error(where, rule, "more", "fetch the file again");
  }
  return array;
}

}  // namespace expandnet::data
