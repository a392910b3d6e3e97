#include <expandnet/fold/factor_shape.h>

#include "fold/sides.h"

namespace expandnet {

std::int64_t FactorShape::taps() const { return taps_of(kernel_size); }

}  // namespace expandnet
