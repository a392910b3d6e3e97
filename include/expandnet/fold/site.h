// site.h: the place that an error message names.
#pragma once

#include <string>

namespace expandnet {

/// The function that the user called and, inside a model, the path of the
/// layer.
struct Site {
  std::string caller;
  std::string path;
};

}  // namespace expandnet
