// curvature.h: how sharply the loss of a net bends where it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace expandnet::analysis {

/// A part of a loss, with a graph that can be differentiated twice. The loss is
/// the sum of all parts, so that a large set fits into memory part by part: the
/// mean loss of a batch times its share of the images, say.
using LossPart = std::function<at::Tensor()>;

struct CurvatureOptions {
  std::int64_t steps = 100;  ///< at most
  /// Relative change between two steps, or standard error of the mean over its
  /// size, at which it is enough.
  double tolerance = 1e-3;
  std::uint64_t seed = 0;  ///< of the vectors that are drawn
};

struct Curvature {
  double value = 0;
  std::int64_t steps = 0;  ///< products with the Hessian
  bool converged = false;
};

/// The Hessian of the loss times a vector, which has a tensor for each
/// parameter; zeros for parameters that the loss does not depend on.
[[nodiscard]] std::vector<at::Tensor> hessian_product(
    const std::vector<LossPart>& loss,
    const std::vector<at::Tensor>& parameters,
    const std::vector<at::Tensor>& vector);

/// The eigenvalue of the Hessian of the largest size, with its sign, by power
/// iteration.
///
/// Throws `c10::Error` without parameters, parts or steps.
[[nodiscard]] Curvature largest_eigenvalue(
    const std::vector<LossPart>& loss,
    const std::vector<at::Tensor>& parameters,
    const CurvatureOptions& options = {});

/// The trace of the Hessian, by Hutchinson's estimate: the mean of v'Hv over
/// vectors v of random signs. At least ten of them.
///
/// Throws as `largest_eigenvalue` does.
[[nodiscard]] Curvature hessian_trace(const std::vector<LossPart>& loss,
                                      const std::vector<at::Tensor>& parameters,
                                      const CurvatureOptions& options = {});

}  // namespace expandnet::analysis
