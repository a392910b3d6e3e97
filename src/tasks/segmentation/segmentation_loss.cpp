#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/softmax.h>
#include <c10/util/Exception.h>
#include <expandnet/tasks/segmentation/segmentation_loss.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::tasks {

namespace {

constexpr const char* kLossOfPixels = "segmentation_loss";

void check_pixels(const at::Tensor& logits, const at::Tensor& targets,
                  const SegmentationLossOptions& options) {
  TORCH_CHECK(logits.dim() == 4,
              error_message(kLossOfPixels, "logits must be [N, classes, H, W]",
                            sizes(logits.sizes())));
  const std::vector<std::int64_t> expected = {logits.size(0), logits.size(2),
                                              logits.size(3)};
  TORCH_CHECK(targets.sizes() == expected,
              error_message(kLossOfPixels,
                            c10::str("targets must be ", sizes(expected)),
                            sizes(targets.sizes())));
  const auto& weights = options.class_weights;
  const std::vector<std::int64_t> one_a_class = {logits.size(1)};
  TORCH_CHECK(
      !weights.defined() || weights.sizes() == one_a_class,
      error_message(kLossOfPixels,
                    c10::str("class weights must be ", sizes(one_a_class)),
                    sizes(weights.sizes())));
}

/// `sum / count`, and 0 where both are. Neither waits.
at::Tensor mean_or_zero(const at::Tensor& sum, const at::Tensor& count) {
  return sum / (count + count.eq(0));
}

/// `labels` are int64, with `counted` where they are not ignored.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels,
                         const at::Tensor& counted,
                         const SegmentationLossOptions& options) {
  at::Tensor weights;
  auto total = counted.sum().to(logits.scalar_type());
  if (options.class_weights.defined()) {
    weights = options.class_weights.to(logits.scalar_type());
    total = weights.take(labels.masked_fill(counted.logical_not(), 0))
                .mul(counted)
                .sum();
  }
  return mean_or_zero(
      at::cross_entropy_loss(logits, labels, weights, at::Reduction::Sum,
                             options.ignored),
      total);
}

at::Tensor dice_loss(const at::Tensor& logits, const at::Tensor& labels,
                     const at::Tensor& counted) {
  const auto classes =
      at::arange(logits.size(1), labels.options()).view({1, -1, 1, 1});
  const auto meant =
      labels.unsqueeze(1).eq(classes).logical_and_(counted.unsqueeze(1));
  const auto share = logits.softmax(1);
  const std::array<std::int64_t, 3> pixels = {0, 2, 3};
  const auto both = (share * meant).sum(pixels);
  const auto found = (share * counted.unsqueeze(1)).sum(pixels);
  const auto there = meant.sum(pixels).to(logits.scalar_type());
  const auto missing = 1 - (2 * both + 1) / (found + there + 1);
  const auto is_there = there.gt(0).to(logits.scalar_type());
  return mean_or_zero((missing * is_there).sum(), is_there.sum());
}

}  // namespace

at::Tensor segmentation_loss(const at::Tensor& logits,
                             const at::Tensor& targets,
                             const SegmentationLossOptions& options) {
  check_pixels(logits, targets, options);
  const auto labels = targets.to(at::kLong);
  const auto counted = labels.ne(options.ignored);
  // In fp16 a sum over pixels overflows.
  const auto half = logits.scalar_type() == at::kHalf ||
                    logits.scalar_type() == at::kBFloat16;
  const auto values = half ? logits.to(at::kFloat) : logits;
  auto loss = cross_entropy(values, labels, counted, options);
  if (options.dice != 0) {
    loss = loss + options.dice * dice_loss(values, labels, counted);
  }
  return loss;
}

std::vector<double> median_frequency_weights(
    const std::vector<std::int64_t>& pixels,
    const std::vector<std::int64_t>& image_pixels) {
  const std::string where = "median_frequency_weights";
  TORCH_CHECK(
      pixels.size() == image_pixels.size(),
      error_message(where,
                    c10::str("image_pixels must have a number for each of ",
                             pixels.size(), " classes"),
                    std::to_string(image_pixels.size())));
  std::vector<double> frequencies;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    TORCH_CHECK(
        pixels[i] >= 0 && image_pixels[i] >= pixels[i],
        error_message(where, "images must have the pixels of their classes",
                      c10::str(pixels[i], " of ", image_pixels[i],
                               " pixels of class ", i)));
    if (pixels[i] == 0) continue;
    frequencies.push_back(static_cast<double>(pixels[i]) /
                          static_cast<double>(image_pixels[i]));
  }
  std::vector<double> weights(pixels.size(), 1);
  if (frequencies.empty()) return weights;
  std::sort(frequencies.begin(), frequencies.end());
  const auto middle = frequencies.size() / 2;
  const auto median = frequencies.size() % 2 == 1
                          ? frequencies[middle]
                          : (frequencies[middle - 1] + frequencies[middle]) / 2;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] == 0) continue;
    weights[i] = median * static_cast<double>(image_pixels[i]) /
                 static_cast<double>(pixels[i]);
  }
  return weights;
}

}  // namespace expandnet::tasks
