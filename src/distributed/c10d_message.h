// c10d_message.h: what c10d says when it fails.
#pragma once

#include <exception>
#include <string>

namespace expandnet::train {

/// Its first line.
[[nodiscard]] std::string c10d_message(const std::exception& error);

/// Whether an error comes from c10d or from Gloo below it. What the calling
/// program did wrong does not: c10d throws plain errors for that.
[[nodiscard]] bool is_from_c10d(const std::exception& error);

}  // namespace expandnet::train
