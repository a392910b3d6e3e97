// gradient_confusion.h: whether the gradients of different batches agree.
//
// Sankararaman et al., "The Impact of Neural Network Overparameterization on
// Gradient Confusion and Stochastic Gradient Descent" (ICML 2020): the smaller
// the cosines between pairs of gradients, the more a step on one batch undoes a
// step on another. ExpandNets, section 4.3, compares these cosines.
#pragma once

#include <ATen/core/Tensor.h>
#include <expandnet/base/export.h>

#include <cstdint>
#include <vector>

namespace expandnet::analysis {

/// Concatenates the gradients of the parameters into one fp64 vector on their
/// device; a parameter without a gradient contributes zeros.
[[nodiscard]] EXPANDNET_API at::Tensor gradient_vector(
    const std::vector<at::Tensor>& parameters);

/// The cosine of the angle between two vectors, from -1 to 1; 0 if one of them
/// is zero. Throws `c10::Error` unless both are fp64 vectors of one size.
[[nodiscard]] EXPANDNET_API double cosine(const at::Tensor& a,
                                          const at::Tensor& b);

/// Statistics of the cosines of many pairs.
struct ConfusionSummary {
  std::int64_t pairs = 0;
  double minimum = 0;
  double low = 0;  ///< 5 % quantile, linearly interpolated
  double median = 0;
  double mean = 0;
  double negative = 0;  ///< share of the cosines below 0
};

/// Throws `c10::Error` if there is no cosine or one is NaN.
[[nodiscard]] EXPANDNET_API ConfusionSummary
summarize_confusion(const std::vector<double>& cosines);

/// A density, evaluated at some points.
struct Density {
  double bandwidth = 0;
  std::vector<double> heights;
};

/// Estimates the density of the samples at `points` with Gaussian kernels of
/// Scott's bandwidth, s n^(-1/5), where s is the sample standard deviation.
///
/// Throws `c10::Error` for fewer than two samples, and if all samples are
/// equal, because then the bandwidth is 0.
[[nodiscard]] EXPANDNET_API Density kernel_density(
    const std::vector<double>& samples, const std::vector<double>& points);

}  // namespace expandnet::analysis
