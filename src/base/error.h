// error.h: every error message of the library, and the types that carry them.
//
// A wrong value reads "where: rule, got value; remedy", what the system refuses
// `cannot open "x.png": No such file or directory`. Arguments that are wrong
// throw `c10::Error`, as LibTorch's do; files and the system throw
// `std::runtime_error`. This header needs no LibTorch, as parsers do without
// it.
#pragma once

#include <exception>
#include <string>

namespace expandnet {

/// "where: rule, got value; remedy". Without a remedy nothing follows the
/// value.
///
///     TORCH_CHECK(rate > 0, error_message("expand", "rate must be positive",
///                                         std::to_string(rate)));
[[nodiscard]] std::string error_message(const std::string& where,
                                        const std::string& rule,
                                        const std::string& value,
                                        const std::string& remedy = {});

/// Throws `c10::Error` of an `error_message`, for files that do not include
/// LibTorch; others use TORCH_CHECK.
[[noreturn]] void throw_argument_error(const std::string& where,
                                       const std::string& rule,
                                       const std::string& value,
                                       const std::string& remedy = {});

/// Throws `std::runtime_error` of an `error_message`: a file holds something
/// else than it must. `where` is its quoted path, or what part of it is read.
[[noreturn]] void throw_file_error(const std::string& where,
                                   const std::string& rule,
                                   const std::string& value,
                                   const std::string& remedy = {});

/// Throws `std::runtime_error` of what the system refused, in its own words:
/// `cannot ACTION "PATH": No such file or directory`. `error` is an errno; a
/// remedy follows a semicolon.
///
///     if (file < 0) throw_system_error("open", path, errno);
[[noreturn]] void throw_system_error(const std::string& action,
                                     const std::string& path, int error,
                                     const std::string& remedy = {});

/// What an exception says, without the stack trace that LibTorch may append.
[[nodiscard]] std::string message_of(const std::exception& error);

}  // namespace expandnet
