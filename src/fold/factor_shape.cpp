#include <expandnet/fold/factor_shape.h>

#include "fold/sides.h"

namespace expandnet {

std::int64_t FactorShape::taps() const { return taps_of(kernel_size); }

std::vector<std::int64_t> FactorShape::weight_sizes() const {
  Sides shape = {out_channels, in_channels / groups};
  shape.insert(shape.end(), kernel_size.begin(), kernel_size.end());
  return shape;
}

}  // namespace expandnet
