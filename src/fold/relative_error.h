// relative_error.h: how far two tensors are apart.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

namespace expandnet {

/// max |actual - expected| / max |expected|, in fp64; 0 for 0 / 0. Not a
/// number if one of them holds one.
[[nodiscard]] EXPANDNET_API double relative_error(const at::Tensor& actual,
                                                  const at::Tensor& expected);

}  // namespace expandnet
