// libtorch_errors.h: recognizes errors of LibTorch that differ only in wording
// or type. All code that depends on these is here. It was checked with LibTorch
// 2.7 to 2.15, and a test checks it with the linked version.
#pragma once

#include <exception>
#include <string>

namespace expandnet {

/// Returns the first line of the message that is not empty: c10d appends the
/// state of its sockets.
[[nodiscard]] std::string first_line_of(const std::exception& error);

/// Whether autograd found that a tensor that it needs was modified after the
/// forward pass ("... has been modified by an inplace operation").
[[nodiscard]] bool is_modified_in_place(const std::exception& error);

/// Whether c10d's Reducer misses a gradient of the previous pass ("Expected to
/// have finished reduction ...", followed by advice for Python).
[[nodiscard]] bool is_unfinished_reduction(const std::exception& error);

/// Whether an error comes from c10d or from Gloo, which c10d uses and whose
/// exceptions are only known by their namespace here. Wrong use of c10d is an
/// ordinary error.
[[nodiscard]] bool is_from_c10d(const std::exception& error);

/// Returns the operator, such as "torchvision::nms", that a TorchScript file
/// calls and no linked library registers ("Unknown builtin op: ..."); "" for
/// any other error.
[[nodiscard]] std::string unknown_operator_in(const std::exception& error);

}  // namespace expandnet
