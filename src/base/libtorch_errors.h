// libtorch_errors.h: what LibTorch's errors mean, where only their wording or
// type tells. All places that depend on it are here: they were seen to hold
// from 2.7 to 2.15, and a test shows it for the version that is linked.
#pragma once

#include <exception>
#include <string>

namespace expandnet {

/// The first line of the message that is not empty: c10d appends the state of
/// its sockets.
[[nodiscard]] std::string first_line_of(const std::exception& error);

/// Whether autograd found that a tensor which it needs was written to after the
/// forward pass ("... has been modified by an inplace operation").
[[nodiscard]] bool is_modified_in_place(const std::exception& error);

/// Whether c10d's Reducer misses a gradient of the pass before ("Expected to
/// have finished reduction ...", in words for Python).
[[nodiscard]] bool is_unfinished_reduction(const std::exception& error);

/// Whether an error comes from c10d, or from Gloo below it, whose exceptions
/// have no header here but a namespace. Wrong use of c10d is a plain error.
[[nodiscard]] bool is_from_c10d(const std::exception& error);

/// The operator, such as "torchvision::nms", that the code of a TorchScript
/// file calls and no library here registers ("Unknown builtin op: ..."); "" if
/// the error is another.
[[nodiscard]] std::string unknown_operator_in(const std::exception& error);

}  // namespace expandnet
