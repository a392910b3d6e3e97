#include "fold/site_message.h"

namespace expandnet {

std::string error_message(const Site& site, const std::string& rule,
                          const std::string& value, const std::string& remedy) {
  const auto at = site.path.empty() ? "" : " at \"" + site.path + "\"";
  return error_message(site.caller, rule, value + at, remedy);
}

std::string sides(c10::IntArrayRef kernel) {
  return kernel.empty() ? "1" : joined(kernel, "x");
}

}  // namespace expandnet
