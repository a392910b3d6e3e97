#include "io/safetensors/safetensors_format.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"

namespace expandnet {

namespace {

/// No element is larger: none is cut by a multiple of it.
constexpr std::size_t kSafetensorsAlignment = 8;

std::string json_text(const std::string& where, const std::string& what,
                      const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    throw_argument_error(where, what + " must be UTF-8", quoted_name(text),
                         "write it in UTF-8");
  }
}

std::string json_metadata(const std::string& where,
                          const std::map<std::string, std::string>& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    text += text.empty() ? "" : ",";
    text += json_text(where, "a key of the metadata", key) + ":" +
            json_text(where, quoted_name(key) + " in the metadata", value);
  }
  return "{" + text + "}";
}

std::string json_tensor(const SafetensorsEntry& entry) {
  return R"({"dtype":")" + std::string(info_of(entry.dtype).safetensors) +
         R"(","shape":[)" + joined(entry.shape, ",") + R"(],"data_offsets":[)" +
         joined(std::array{entry.begin, entry.end}, ",") + "]}";
}

}  // namespace

std::string format_safetensors_header(const std::string& where,
                                      const SafetensorsHeader& header) {
  std::string text = "{";
  auto separator = "";
  if (!header.metadata.empty()) {
    text += '"' + std::string(kSafetensorsMetadataName) +
            "\":" + json_metadata(where, header.metadata);
    separator = ",";
  }
  for (const auto& entry : header.tensors) {
    text += separator;
    text += json_text(where, "the name of a tensor", entry.name) + ":" +
            json_tensor(entry);
    separator = ",";
  }
  text += '}';
  while ((kSafetensorsLengthBytes + text.size()) % kSafetensorsAlignment != 0) {
    text += ' ';
  }

  if (text.size() > kSafetensorsMaxHeaderBytes) {
    throw_argument_error(where,
                         "the header of a safetensors file must have at most " +
                             std::to_string(kSafetensorsMaxHeaderBytes) +
                             " bytes",
                         std::to_string(text.size()), "write several files");
  }
  std::string length;
  append_little_endian(length, text.size(), kSafetensorsLengthBytes);
  return length + text;
}

}  // namespace expandnet
