#include "fold/site.h"

namespace expandnet {

namespace {

std::string join(c10::IntArrayRef values, const char* separator) {
  std::string joined;
  for (const auto value : values) {
    if (!joined.empty()) joined += separator;
    joined += std::to_string(value);
  }
  return joined;
}

}  // namespace

std::string error_message(const Site& site, const std::string& rule,
                          const std::string& value, const std::string& remedy) {
  const auto at = site.path.empty() ? "" : " at \"" + site.path + "\"";
  return error_message(site.caller, rule, value + at, remedy);
}

std::string sides(c10::IntArrayRef kernel) {
  return kernel.empty() ? "1" : join(kernel, "x");
}

std::string sizes(c10::IntArrayRef shape) {
  return "[" + join(shape, ", ") + "]";
}

}  // namespace expandnet
