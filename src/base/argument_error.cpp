#include <c10/util/Exception.h>

#include "base/error.h"

namespace expandnet {

void throw_argument_error(const std::string& where, const std::string& rule,
                          const std::string& value, const std::string& remedy) {
  TORCH_CHECK(false, error_message(where, rule, value, remedy));
}

std::string message_of(const std::exception& error) {
  const auto* ours = dynamic_cast<const c10::Error*>(&error);
  return ours != nullptr ? ours->what_without_backtrace() : error.what();
}

}  // namespace expandnet
