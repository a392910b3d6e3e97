// safetensors_file.h: files of weights, written by hand.
#pragma once

#include <cstdint>
#include <string>

namespace expandnet::testing {

/// The 8 bytes before the header.
inline std::string length_bytes(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i, length >>= 8U) {
    bytes += static_cast<char>(length & 0xFFU);
  }
  return bytes;
}

/// A whole file.
inline std::string safetensors_file(const std::string& json,
                                    const std::string& data) {
  return length_bytes(json.size()) + json + data;
}

/// A tensor as a header has it.
inline std::string json_of(const std::string& name, const std::string& dtype,
                           const std::string& shape,
                           const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

}  // namespace expandnet::testing
