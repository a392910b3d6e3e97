// c_failure.h: where a decoder written in C goes when it fails.
#pragma once

#include <array>
#include <csetjmp>
#include <cstdio>

namespace expandnet::data {

/// Where libjpeg and libpng leave for when they fail: they are C, which no
/// exception crosses.
class CFailure {
 public:
  /// Calls `call`; where it leaves with a message, `complain` is called with
  /// that and has to throw. As `call` may be left by a jump, nothing in it may
  /// need to be destroyed.
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
