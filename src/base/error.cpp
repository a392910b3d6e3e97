#include "base/error.h"

#include <stdexcept>
#include <system_error>

namespace expandnet {

std::string error_message(const std::string& where, const std::string& rule,
                          const std::string& value, const std::string& remedy) {
  auto message = where + ": " + rule + ", got " + value;
  if (!remedy.empty()) message += "; " + remedy;
  return message;
}

void throw_file_error(const std::string& where, const std::string& rule,
                      const std::string& value, const std::string& remedy) {
  throw std::runtime_error(error_message(where, rule, value, remedy));
}

void throw_system_error(const std::string& action, const std::string& path,
                        int error, const std::string& remedy) {
  auto message = "cannot " + action + " \"" + path +
                 "\": " + std::generic_category().message(error);
  if (!remedy.empty()) message += "; " + remedy;
  throw std::runtime_error(message);
}

}  // namespace expandnet
