// precision.h: the precision in which chains are folded.
#pragma once

#include <ATen/Context.h>
#include <c10/core/ScalarType.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace expandnet {

/// Keeps TF32 and autocast away from the products of a fold.
class FullPrecisionGuard {
  at::NoTF32Guard no_tf32_;
  c10::impl::ExcludeDispatchKeyGuard no_autocast_{
      c10::autocast_dispatch_keyset};
};

/// Factors are master weights: float for half precision, else as asked.
inline c10::ScalarType master_dtype(c10::ScalarType dtype) {
  return c10::isReducedFloatingType(dtype) ? c10::kFloat : dtype;
}

}  // namespace expandnet
