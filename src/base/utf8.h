// utf8.h: validates UTF-8.
#pragma once

#include <string_view>

namespace expandnet {

/// Whether the bytes are UTF-8: no overlong forms, surrogates, or code points
/// above U+10FFFF (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace expandnet
