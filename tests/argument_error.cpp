// base/argument_error.cpp without LibTorch, for the projects that do without
// it: what the library throws as c10::Error is a std::invalid_argument there.
#include <stdexcept>

#include "base/error.h"

namespace expandnet {

void throw_argument_error(const std::string& where, const std::string& rule,
                          const std::string& value, const std::string& remedy) {
  throw std::invalid_argument(error_message(where, rule, value, remedy));
}

std::string message_of(const std::exception& error) { return error.what(); }

}  // namespace expandnet
