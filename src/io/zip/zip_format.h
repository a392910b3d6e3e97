// zip_format.h: constants of the zip format (PKWARE's APPNOTE.TXT, 4.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace expandnet::zip {

constexpr std::string_view kLocalSignature("PK\x03\x04", 4);
constexpr std::string_view kCentralSignature("PK\x01\x02", 4);
constexpr std::string_view kEndSignature("PK\x05\x06", 4);
constexpr std::string_view kEnd64Signature("PK\x06\x06", 4);
constexpr std::string_view kLocatorSignature("PK\x06\x07", 4);

/// Sizes of the fixed parts, in bytes.
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEnd64Bytes = 56;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::size_t kMaxCommentBytes = 0xFFFF;

/// Values of 2- and 4-byte fields that refer to the zip64 record.
constexpr std::uint64_t kElsewhere16 = 0xFFFF;
constexpr std::uint64_t kElsewhere32 = 0xFFFFFFFF;
constexpr std::uint64_t kZip64Field = 1;  ///< its id in the extra fields

constexpr std::uint64_t kDeflated = 8;  ///< compression method

constexpr std::uint64_t kFlagEncrypted = 1U << 0U;
constexpr std::uint64_t kFlagDescriptor = 1U << 3U;  ///< sizes follow the bytes
constexpr std::uint64_t kFlagStronglyEncrypted = 1U << 6U;
constexpr std::uint64_t kFlagUtf8 = 1U << 11U;    ///< the name is UTF-8
constexpr std::uint64_t kFlagMasked = 1U << 13U;  ///< headers hide their values

}  // namespace expandnet::zip
