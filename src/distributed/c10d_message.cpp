#include "distributed/c10d_message.h"

#include <c10/util/Exception.h>

#include <typeinfo>

namespace expandnet::train {

std::string c10d_message(const std::exception& error) {
  const auto* ours = dynamic_cast<const c10::Error*>(&error);
  const std::string message =
      ours != nullptr ? ours->what_without_backtrace() : error.what();
  return message.substr(0, message.find('\n'));
}

bool is_from_c10d(const std::exception& error) {
  if (dynamic_cast<const c10::DistError*>(&error) != nullptr) return true;
  // Gloo's exceptions have no header here, but a name: gloo::IoException. Their
  // messages do not all tell where they come from.
  return std::string(typeid(error).name()).find("gloo") != std::string::npos;
}

}  // namespace expandnet::train
