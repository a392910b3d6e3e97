#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <expandnet/train/precision.h>

namespace expandnet::train {

void set_tf32(Precision precision) {
  const bool allowed = precision == Precision::kTF32;
  at::globalContext().setAllowTF32CuBLAS(allowed);
  at::globalContext().setAllowTF32CuDNN(allowed);
}

Autocast::Autocast(c10::Device device, Precision precision)
    : device_(device.type()), active_(precision == Precision::kBFloat16) {
  if (!active_) return;
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  // Casts of weights are cached; the next step changes the weights.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, false);
}

}  // namespace expandnet::train
