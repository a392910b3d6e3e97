// precision.h: the arithmetic that a network runs in.
#pragma once

#include <c10/core/Device.h>

#include "setup.h"

namespace expandnet::bench {

/// Switches TF32 on or off, for the whole process.
void set_tf32(Precision precision);

/// While it lives, and for kBF16, this thread runs under autocast.
class Autocast {
 public:
  Autocast(c10::Device device, Precision precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
  bool active_;
};

}  // namespace expandnet::bench
