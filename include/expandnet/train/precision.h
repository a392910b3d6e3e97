// precision.h: the floating-point arithmetic that a network runs in.
#pragma once

#include <c10/core/Device.h>
#include <expandnet/base/export.h>

namespace expandnet::train {

enum class Precision {
  kFloat32,   ///< float with TF32 off
  kTF32,      ///< float with TF32 on; CUDA only
  kBFloat16,  ///< autocast; the weights stay float
};

/// Switches TF32 on for kTF32, else off, in the whole process.
EXPANDNET_API void set_tf32(Precision precision);

/// While it exists, this thread runs under autocast if the precision is
/// kBFloat16.
class EXPANDNET_API Autocast {
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
