#include "python.h"

#include <cstdlib>

namespace expandnet::testing {

bool run_python(const std::vector<std::string>& words, Complaints complaints) {
  std::string command = "'" EXPANDNET_TORCHVISION_PYTHON "'";
  for (const auto& word : words) {
    command += " '";
    command += word;
    command += "'";
  }
  if (complaints == Complaints::kHidden) command += " 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

bool python_has(const std::string& modules) {
  return run_python({"-c", "import " + modules}, Complaints::kHidden);
}

std::string python_lacks(const std::string& modules) {
  return "\"" EXPANDNET_TORCHVISION_PYTHON "\" cannot import " + modules +
         ": install it, or configure with -DEXPANDNET_TORCHVISION_PYTHON=<a "
         "Python that can>";
}

}  // namespace expandnet::testing
