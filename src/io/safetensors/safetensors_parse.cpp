#include "io/safetensors/safetensors_parse.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "io/safetensors/safetensors_json.h"

namespace expandnet {

namespace {

std::uint64_t read_header_length(const std::string& where,
                                 std::string_view file) {
  if (file.size() < kSafetensorsLengthBytes) {
    throw_file_error(
        where, "a safetensors file must begin with the 8 bytes of a length",
        std::to_string(file.size()) + " bytes", kSafetensorsRemedy);
  }
  const auto length = little_endian(file, 0, kSafetensorsLengthBytes);
  if (length > kSafetensorsMaxHeaderBytes) {
    throw_file_error(where,
                     "the header of a safetensors file must have at most " +
                         std::to_string(kSafetensorsMaxHeaderBytes) + " bytes",
                     std::to_string(length), "give a safetensors file");
  }
  if (length > file.size() - kSafetensorsLengthBytes) {
    throw_file_error(where, "the header must lie within the file",
                     std::to_string(length) + " bytes of header in a file of " +
                         std::to_string(file.size()),
                     kSafetensorsRemedy);
  }
  return length;
}

/// Checks what the JSON parser is more lenient about.
void check_header_ends(const std::string& where, std::string_view json) {
  const auto byte_at = [&](std::size_t i) {
    return hex_bytes({static_cast<std::uint8_t>(json[i])}) + " at byte " +
           std::to_string(kSafetensorsLengthBytes + i);
  };
  if (json.empty() || json.front() != '{') {
    throw_file_error(where, "the header must begin with { (7b)",
                     json.empty() ? "no byte" : byte_at(0),
                     "give a safetensors file");
  }
  const auto last = json.find_last_not_of(' ');  // there is one, the brace
  if (json[last] != '}') {
    throw_file_error(where, "the header must end with } (7d) and spaces",
                     byte_at(last), kSafetensorsRemedy);
  }
  // The parser takes a zero for the end.
  const auto zero = json.find('\0');
  if (zero != std::string_view::npos) {
    throw_file_error(where, "the header must be JSON in UTF-8", byte_at(zero),
                     kSafetensorsRemedy);
  }
}

void check_header_names(const std::string& where,
                        const std::vector<SafetensorsEntry>& tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const auto& tensor : tensors) names.emplace_back(tensor.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return;
  throw_file_error(where, "a name may stand once in the header",
                   quoted_name(*twice) + " again", kSafetensorsRemedy);
}

void check_tensor_bytes(const std::string& where, const SafetensorsEntry& entry,
                        std::uint64_t data_bytes) {
  const auto name = "tensor " + quoted_name(entry.name);
  const auto shape = sizes(entry.shape) + " of " +
                     std::string(info_of(entry.dtype).safetensors);
  const auto bytes = entry_bytes(entry);
  if (!bytes) {
    throw_file_error(
        where, name + " must take less than 2^63 bytes, sizes of 0 left out",
        shape, kSafetensorsRemedy);
  }

  const auto offsets =
      std::to_string(entry.begin) + " to " + std::to_string(entry.end);
  if (entry.begin > entry.end || entry.end > data_bytes) {
    throw_file_error(where,
                     "data_offsets of " + name + " must rise within the " +
                         std::to_string(data_bytes) + " bytes of data",
                     offsets, kSafetensorsRemedy);
  }
  if (entry.end - entry.begin != *bytes) {
    throw_file_error(where,
                     "data_offsets of " + name + " must span the " +
                         std::to_string(*bytes) + " bytes of " + shape,
                     offsets, kSafetensorsRemedy);
  }
}

/// Expects the tensors in the order of their bytes.
void check_data_are_covered(const std::string& where,
                            const std::vector<SafetensorsEntry>& tensors,
                            std::uint64_t data_bytes) {
  const std::string rule = "each byte of data must belong to one tensor";
  std::uint64_t covered = 0;
  const auto check_gap = [&](std::uint64_t next) {
    if (next == covered) return;
    throw_file_error(where, rule,
                     "data bytes " + std::to_string(covered) + " to " +
                         std::to_string(next) + " in none",
                     kSafetensorsRemedy);
  };
  const std::string* before = nullptr;
  for (const auto& [name, dtype, shape, begin, end] : tensors) {
    if (begin < covered) {
      throw_file_error(where, rule,
                       quoted_name(name) + " from data byte " +
                           std::to_string(begin) + " and " +
                           quoted_name(*before) + " up to " +
                           std::to_string(covered),
                       kSafetensorsRemedy);
    }
    check_gap(begin);
    covered = end;
    before = &name;
  }
  check_gap(data_bytes);
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& where,
                                           std::string_view file) {
  const auto length = read_header_length(where, file);
  const auto json = file.substr(kSafetensorsLengthBytes, length);
  check_header_ends(where, json);
  auto header = parse_safetensors_json(where, json, kSafetensorsLengthBytes);
  header.data_begin = kSafetensorsLengthBytes + length;

  auto& tensors = header.tensors;
  check_header_names(where, tensors);
  const auto data_bytes = file.size() - header.data_begin;
  for (const auto& tensor : tensors) {
    check_tensor_bytes(where, tensor, data_bytes);
  }
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& left, const auto& right) {
                     return std::tie(left.begin, left.end) <
                            std::tie(right.begin, right.end);
                   });
  check_data_are_covered(where, tensors, data_bytes);
  return header;
}

}  // namespace expandnet
