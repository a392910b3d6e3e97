#include "base/libtorch_errors.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <typeinfo>

#include "base/error.h"

namespace expandnet {

namespace {

bool says(const std::exception& error, const char* words) {
  return message_of(error).find(words) != std::string::npos;
}

}  // namespace

std::string first_line_of(const std::exception& error) {
  const auto message = message_of(error);
  const auto begin = std::min(message.find_first_not_of('\n'), message.size());
  return message.substr(begin, message.find('\n', begin) - begin);
}

bool is_modified_in_place(const std::exception& error) {
  return says(error, "inplace operation");
}

bool is_unfinished_reduction(const std::exception& error) {
  return says(error, "finished reduction");
}

bool is_from_c10d(const std::exception& error) {
  if (dynamic_cast<const c10::DistError*>(&error) != nullptr) return true;
  return std::string(typeid(error).name()).find("gloo") != std::string::npos;
}

std::string unknown_operator_in(const std::exception& error) {
  const std::string words = "Unknown builtin op: ";
  const auto message = message_of(error);
  const auto at = message.find(words);
  if (at == std::string::npos) return "";
  const auto begin = at + words.size();
  // The name ends with a sentence's stop, or its line.
  const auto end = message.find_first_of(".\n ", begin);
  return message.substr(begin, end - begin);
}

}  // namespace expandnet
