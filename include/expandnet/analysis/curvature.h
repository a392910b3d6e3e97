// curvature.h: the curvature of a net's loss at its current parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace expandnet::analysis {

/// Computes a part of a loss, with a graph that can be differentiated twice.
/// The loss is the sum of its parts, so that a set too large for memory can be
/// processed in parts, for example the mean loss of a batch times its share of
/// the images.
using LossPart = std::function<at::Tensor()>;

struct CurvatureOptions {
  std::int64_t steps = 100;  ///< at most
  /// Stops when this is reached: by the relative change between two steps, or
  /// by the standard error of the mean divided by the mean's absolute value.
  double tolerance = 1e-3;
  std::uint64_t seed = 0;  ///< of the random vectors
};

struct Curvature {
  double value = 0;
  std::int64_t steps = 0;  ///< number of Hessian-vector products
  bool converged = false;
};

/// The product of the loss's Hessian and a vector, which has one tensor per
/// parameter; zeros for parameters that the loss does not depend on.
[[nodiscard]] EXPANDNET_API std::vector<at::Tensor> hessian_product(
    const std::vector<LossPart>& loss,
    const std::vector<at::Tensor>& parameters,
    const std::vector<at::Tensor>& vector);

/// The Hessian's eigenvalue of largest absolute value, with its sign, by power
/// iteration.
///
/// Throws `c10::Error` without parameters, parts or steps.
[[nodiscard]] EXPANDNET_API Curvature
largest_eigenvalue(const std::vector<LossPart>& loss,
                   const std::vector<at::Tensor>& parameters,
                   const CurvatureOptions& options = {});

/// The trace of the Hessian by Hutchinson's estimator: the mean of v'Hv over at
/// least ten vectors v of random signs.
///
/// Throws as `largest_eigenvalue` does.
[[nodiscard]] EXPANDNET_API Curvature
hessian_trace(const std::vector<LossPart>& loss,
              const std::vector<at::Tensor>& parameters,
              const CurvatureOptions& options = {});

}  // namespace expandnet::analysis
