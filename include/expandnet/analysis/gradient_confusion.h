// gradient_confusion.h: whether the gradients of batches pull the same way.
//
// Sankararaman et al., "The Impact of Neural Network Overparameterization on
// Gradient Confusion and Stochastic Gradient Descent" (ICML 2020): the smaller
// the cosines of pairs of gradients get, the more a step on one batch undoes
// what a step on another has done. ExpandNets, section 4.3, compares them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace expandnet::analysis {

/// The gradients of the parameters, one after another, as a vector of doubles
/// on their device; zeros where there is none.
[[nodiscard]] at::Tensor gradient_vector(
    const std::vector<at::Tensor>& parameters);

/// The cosine of the angle between two vectors, from -1 to 1; 0 where one of
/// them is zero. Throws `c10::Error` unless both are vectors of doubles of one
/// size.
[[nodiscard]] double cosine(const at::Tensor& a, const at::Tensor& b);

/// What there is to say of the cosines of many pairs.
struct ConfusionSummary {
  std::int64_t pairs = 0;
  double minimum = 0;
  double low = 0;  ///< 5 % quantile, linear between the nearest two
  double median = 0;
  double mean = 0;
  double negative = 0;  ///< share below 0
};

/// Throws `c10::Error` where there is no cosine, or one that is no number.
[[nodiscard]] ConfusionSummary summarize_confusion(
    const std::vector<double>& cosines);

/// A density: its heights at some points.
struct Density {
  double bandwidth = 0;
  std::vector<double> heights;
};

/// The density of samples by Gaussian kernels of Scott's bandwidth,
/// s n^(-1/5), where s is the sample standard deviation.
///
/// Throws `c10::Error` for fewer than two samples, and for samples that are
/// all the same: they have no bandwidth.
[[nodiscard]] Density kernel_density(const std::vector<double>& samples,
                                     const std::vector<double>& points);

}  // namespace expandnet::analysis
