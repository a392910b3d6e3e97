#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <expandnet/analysis/gradient_confusion.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::analysis {

namespace {

constexpr double kLowQuantile = 0.05;

/// Linear between the nearest two of sorted values.
double quantile(const std::vector<double>& sorted, double share) {
  const auto position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) *
                             (sorted[above] - sorted[below]);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const auto value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

at::Tensor gradient_vector(const std::vector<at::Tensor>& parameters) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const auto& parameter : parameters) {
    const auto& gradient = parameter.grad();
    parts.push_back(
        gradient.defined()
            ? gradient.detach().to(at::kDouble).contiguous().view({-1})
            : at::zeros(
                  {parameter.numel()},
                  parameter.options().dtype(at::kDouble).requires_grad(false)));
  }
  return parts.empty() ? at::zeros({0}, at::kDouble) : at::cat(parts);
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  for (const auto& one : {a, b}) {
    TORCH_CHECK(one.dim() == 1 && one.scalar_type() == at::kDouble &&
                    one.sizes() == a.sizes(),
                error_message("cosine", "must be two vectors of doubles",
                              sizes(a.sizes()) + " and " + sizes(b.sizes())));
  }
  const auto squares = a.dot(a).item<double>() * b.dot(b).item<double>();
  if (squares == 0) return 0;
  return std::clamp(a.dot(b).item<double>() / std::sqrt(squares), -1.0, 1.0);
}

ConfusionSummary summarize_confusion(const std::vector<double>& cosines) {
  TORCH_CHECK(
      !cosines.empty(),
      error_message("summarize_confusion", "there must be a cosine", "none"));
  TORCH_CHECK(std::none_of(cosines.begin(), cosines.end(),
                           [](double value) { return std::isnan(value); }),
              error_message("summarize_confusion", "cosines must be numbers",
                            "one that is none"));
  auto sorted = cosines;
  std::sort(sorted.begin(), sorted.end());
  ConfusionSummary summary;
  summary.pairs = static_cast<std::int64_t>(sorted.size());
  summary.minimum = sorted.front();
  summary.low = quantile(sorted, kLowQuantile);
  summary.median = quantile(sorted, 0.5);
  summary.mean = mean_of(sorted);
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), 0.0);
  summary.negative = static_cast<double>(below - sorted.begin()) /
                     static_cast<double>(sorted.size());
  return summary;
}

Density kernel_density(const std::vector<double>& samples,
                       const std::vector<double>& points) {
  const auto n = static_cast<double>(samples.size());
  TORCH_CHECK(samples.size() >= 2,
              error_message("kernel_density", "there must be two samples",
                            std::to_string(samples.size())));
  const auto mean = mean_of(samples);
  double squares = 0;
  for (const auto sample : samples) {
    squares += (sample - mean) * (sample - mean);
  }
  Density density;
  density.bandwidth = std::sqrt(squares / (n - 1)) * std::pow(n, -0.2);
  TORCH_CHECK(density.bandwidth > 0,
              error_message("kernel_density", "samples must differ",
                            std::to_string(samples.size()) + " that are all " +
                                std::to_string(samples.front())));
  const auto pi = std::acos(-1.0);
  const auto scale = 1 / (n * density.bandwidth * std::sqrt(2 * pi));
  for (const auto point : points) {
    double height = 0;
    for (const auto sample : samples) {
      const auto distance = (point - sample) / density.bandwidth;
      height += std::exp(-distance * distance / 2);
    }
    density.heights.push_back(scale * height);
  }
  return density;
}

}  // namespace expandnet::analysis
