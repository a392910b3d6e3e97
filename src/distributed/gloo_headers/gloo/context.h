// Of Gloo's header of this name, what c10d's ProcessGroupGloo.hpp uses:
// LibTorch contains Gloo, but not its headers. Pointers to these types are
// passed on; nothing here makes one or looks inside.
#pragma once

#include <chrono>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {
class Device;
class UnboundBuffer;
}  // namespace transport

}  // namespace gloo
