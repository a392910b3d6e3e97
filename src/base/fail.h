// fail.h: how the readers complain.
#pragma once

#include <stdexcept>
#include <string>

namespace expandnet {

/// Throws `std::runtime_error` of "where: rule, got value; remedy".
[[noreturn]] inline void fail(const std::string& where, const std::string& rule,
                              const std::string& value,
                              const std::string& remedy) {
  throw std::runtime_error(where + ": " + rule + ", got " + value + "; " +
                           remedy);
}

}  // namespace expandnet
