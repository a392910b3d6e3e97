// quoted_name.h: shows a name from a file in a message.
#pragma once

#include <string>
#include <string_view>

namespace expandnet {

/// `name` in double quotes. What is not printable ASCII stands as "\x0a", and
/// a long name is cut after 80 bytes, with "..." behind it.
std::string quoted_name(std::string_view name);

}  // namespace expandnet
