// fixed_batch_norm.h: a BatchNorm in evaluation mode.
#pragma once

#include <ATen/core/Tensor.h>

namespace expandnet {

/// A BatchNorm of C channels in evaluation mode:
/// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.
struct FixedBatchNorm {
  at::Tensor mean;      ///< [C]
  at::Tensor variance;  ///< [C]
  at::Tensor weight;    ///< [C]; undefined means ones
  at::Tensor bias;      ///< [C]; undefined means zeros
  double epsilon = 1e-5;
};

}  // namespace expandnet
