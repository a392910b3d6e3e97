// c_failure.h: error handling for decoders written in C.
#pragma once

#include <array>
#include <csetjmp>
#include <cstdio>

namespace expandnet::data {

/// The place that libjpeg and libpng jump to on an error: exceptions must not
/// pass through C code.
class CFailure {
 public:
  /// Runs `call`. If it leaves with a message, calls `complain` with the
  /// message, which must throw. `call` may be left by longjmp, so nothing in it
  /// may need destruction.
  template <typename Call, typename Complain>
  void guard(const Call& call, const Complain& complain) {
    if (setjmp(exit_) != 0) complain(message_.data());
    call();
  }

  [[noreturn]] void leave(const char* message) {
    std::snprintf(message_.data(), message_.size(), "%s", message);
    std::longjmp(exit_, 1);
  }

 private:
  std::jmp_buf exit_ = {};
  std::array<char, 256> message_ = {};
};

}  // namespace expandnet::data
