// fixed_batch_norm.h: a BatchNorm as evaluation computes it.
#pragma once

#include <ATen/core/Tensor.h>

namespace expandnet {

/// A BatchNorm in evaluation, of C channels:
/// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`.
struct FixedBatchNorm {
  at::Tensor mean;      ///< [C]
  at::Tensor variance;  ///< [C]
  at::Tensor weight;    ///< [C]; undefined: ones
  at::Tensor bias;      ///< [C]; undefined: zeros
  double epsilon = 1e-5;
};

}  // namespace expandnet
