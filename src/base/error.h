// error.h: builds all error messages of the library, and throws the errors.
//
// The message about a wrong value is "where: rule, got value; remedy". The
// message about a refusal by the operating system is in its words:
// `cannot open "x.png": No such file or directory`. Wrong arguments throw
// `c10::Error`, as in LibTorch; files and the system throw
// `std::runtime_error`. This header needs no LibTorch, because some parsers do
// not use it.
#pragma once

#include <exception>
#include <string>

namespace expandnet {

/// Returns "where: rule, got value; remedy". An empty remedy is left out.
///
///     TORCH_CHECK(rate > 0, error_message("expand", "rate must be positive",
///                                         std::to_string(rate)));
[[nodiscard]] std::string error_message(const std::string& where,
                                        const std::string& rule,
                                        const std::string& value,
                                        const std::string& remedy = {});

/// Throws `c10::Error` with an `error_message`. For files that do not include
/// LibTorch; others use TORCH_CHECK.
[[noreturn]] void throw_argument_error(const std::string& where,
                                       const std::string& rule,
                                       const std::string& value,
                                       const std::string& remedy = {});

/// Throws `std::runtime_error` with an `error_message` about the content of a
/// file. `where` is its quoted path, or the part of the file that is read.
[[noreturn]] void throw_file_error(const std::string& where,
                                   const std::string& rule,
                                   const std::string& value,
                                   const std::string& remedy = {});

/// Throws `std::runtime_error` with the words of the operating system:
/// `cannot ACTION "PATH": No such file or directory`. `error` is an errno; a
/// remedy follows after a semicolon.
///
///     if (file < 0) throw_system_error("open", path, errno);
[[noreturn]] void throw_system_error(const std::string& action,
                                     const std::string& path, int error,
                                     const std::string& remedy = {});

/// Returns the message of an exception without the stack trace that LibTorch
/// may append.
[[nodiscard]] std::string message_of(const std::exception& error);

}  // namespace expandnet
