// The part of Gloo's header of this name that c10d's ProcessGroupGloo.hpp uses:
// LibTorch contains Gloo, but not its headers. This library only passes
// pointers to these types on; it neither creates nor accesses an object of
// them.
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
