// precision.h: the arithmetic that a network runs in.
#pragma once

#include <c10/core/Device.h>

namespace expandnet::train {

enum class Precision {
  kFloat32,   ///< TF32 off
  kTF32,      ///< CUDA only
  kBFloat16,  ///< autocast over weights in float
};

/// Switches TF32 on or off, for the whole process.
void set_tf32(Precision precision);

/// While it lives, and for kBFloat16, this thread runs under autocast.
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

}  // namespace expandnet::train
