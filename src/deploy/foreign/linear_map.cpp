#include "deploy/foreign/linear_map.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "fold/compose.h"
#include "fold/relative_error.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

using KernelSides = std::vector<std::int64_t>;

std::int64_t inputs_of(const ConvolutionKernel& kernel) {
  return kernel.weight.size(1) * kernel.groups;
}

/// Whether each channel stays by itself.
bool is_of_single_channels(const ConvolutionKernel& kernel) {
  return kernel.weight.size(1) == 1 && kernel.groups == kernel.weight.size(0);
}

/// A kernel [out, 1, height, width] of single channels.
ConvolutionKernel of_single_channels(at::Tensor weight, at::Tensor bias) {
  const auto channels = weight.size(0);
  return {std::move(weight), std::move(bias), channels};
}

/// [C] -> [C, 1, 1, 1]
at::Tensor as_kernel(const at::Tensor& numbers) {
  return numbers.reshape({-1, 1, 1, 1});
}

void check_fit(bool fit, const Site& site, const std::string& got) {
  TORCH_CHECK(fit, error_message(site, "the layers of a block must fit", got,
                                 "the file may be damaged"));
}

/// Of stride and dilation 1, without padding.
at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight,
                     const at::Tensor& bias, std::int64_t groups) {
  constexpr std::int64_t kOnes[] = {1, 1}, kZeros[] = {0, 0};
  return at::conv2d(x, weight, bias, at::IntArrayRef(kOnes),
                    at::IntArrayRef(kZeros), at::IntArrayRef(kOnes), groups);
}

KernelSides sides_of(const at::Tensor& weight) {
  return {weight.size(2), weight.size(3)};
}

// ------------------------------------------------------------- composition

/// Both convolutions have the same groups.
ConvolutionKernel composed_by_groups(const ConvolutionKernel& outer,
                                     const ConvolutionKernel& inner) {
  const auto groups = outer.groups;
  const auto by_group = [&](const at::Tensor& bias) {
    return bias.defined() ? bias.reshape({groups, -1}) : bias;
  };
  const auto kernel = compose({to_kernel(outer.weight, groups),
                               by_group(outer.bias), sides_of(outer.weight)},
                              {to_kernel(inner.weight, groups),
                               by_group(inner.bias), sides_of(inner.weight)});
  return {from_kernel(kernel.weight, kernel.sides).contiguous(),
          kernel.bias.defined() ? kernel.bias.flatten() : kernel.bias, groups};
}

/// The outer one keeps each channel by itself: every output of the inner one is
/// a group.
ConvolutionKernel composed_by_outputs(const ConvolutionKernel& outer,
                                      const ConvolutionKernel& inner) {
  auto result = composed_by_groups(
      outer, {inner.weight, inner.bias, inner.weight.size(0)});
  result.groups = inner.groups;
  return result;
}

/// The inner one keeps each input by itself, and may make several of one: every
/// input is a group. A block-diagonal matrix would be mostly zeros.
ConvolutionKernel composed_by_inputs(const ConvolutionKernel& outer,
                                     const ConvolutionKernel& inner) {
  const auto groups = outer.groups;
  const auto inputs = inner.groups, in = inputs / groups;
  const auto out = outer.weight.size(0) / groups;
  const auto many = inner.weight.size(0) / inputs;  // made of each input
  const auto sides = sides_of(outer.weight);
  // [g out, in many, h, w] -> [g in, out, taps, many]
  const auto split = outer.weight.reshape({groups, out, in, many, -1})
                         .permute({0, 2, 1, 4, 3})
                         .reshape({inputs, out, -1, many});
  const auto kernel = compose(
      {split, {}, sides},
      {to_kernel(inner.weight, inputs),
       inner.bias.defined() ? inner.bias.reshape({inputs, many}) : inner.bias,
       sides_of(inner.weight)});
  // [g in, out, taps, 1] -> [g out, in, h, w]
  const auto weight =
      kernel.weight.reshape({groups, in, out, kernel.sides[0], kernel.sides[1]})
          .transpose(1, 2)
          .reshape({groups * out, in, kernel.sides[0], kernel.sides[1]});
  auto bias = outer.bias;
  if (kernel.bias.defined()) {
    const auto carried =
        kernel.bias.reshape({groups, in, out}).sum(1).flatten();
    bias = bias.defined() ? carried + bias : carried;
  }
  return {weight, bias, groups};
}

ConvolutionKernel composed(const ConvolutionKernel& outer,
                           const ConvolutionKernel& inner, const Site& site) {
  const auto between = inner.weight.size(0);
  if (is_of_single_channels(outer)) {
    check_fit(outer.groups == between, site,
              std::to_string(between) + " channels into a layer of " +
                  std::to_string(outer.groups));
    return composed_by_outputs(outer, inner);
  }
  check_fit(inputs_of(outer) == between, site,
            std::to_string(between) + " channels into a layer of " +
                std::to_string(inputs_of(outer)));
  if (outer.groups == inner.groups) return composed_by_groups(outer, inner);
  check_fit(inner.weight.size(1) == 1 && inner.groups % outer.groups == 0, site,
            std::to_string(inner.groups) + " groups before " +
                std::to_string(outer.groups));
  return composed_by_inputs(outer, inner);
}

// --------------------------------------------------------------------- sum

/// The same map in fewer, wider groups.
ConvolutionKernel in_groups(const ConvolutionKernel& kernel,
                            std::int64_t groups, const Site& site) {
  if (kernel.groups == groups) return kernel;
  check_fit(is_of_single_channels(kernel) && kernel.groups % groups == 0, site,
            std::to_string(kernel.groups) + " groups beside " +
                std::to_string(groups));
  const auto channels = kernel.groups, wide = channels / groups;
  const auto& narrow = kernel.weight;
  auto weight = at::zeros({groups, wide, wide, narrow.size(2), narrow.size(3)},
                          narrow.options());
  // Within a group, channel i takes channel i.
  weight.diagonal(0, 1, 2).copy_(
      narrow.reshape({groups, wide, narrow.size(2), narrow.size(3)})
          .permute({0, 2, 3, 1}));
  return {weight.flatten(0, 1), kernel.bias, groups};
}

/// The kernel at the centre of a larger one of zeros.
at::Tensor centred(const at::Tensor& weight, const KernelSides& whole,
                   const Site& site) {
  const auto above = whole[0] - weight.size(2),
             left = whole[1] - weight.size(3);
  check_fit(
      above % 2 == 0 && left % 2 == 0, site,
      "a kernel of " + sides(sides_of(weight)) + " in one of " + sides(whole));
  return at::constant_pad_nd(weight,
                             {left / 2, left / 2, above / 2, above / 2});
}

// -------------------------------------------------------------------- maps

class Convolution : public LinearMap {
 public:
  explicit Convolution(ConvolutionKernel kernel) : kernel_(std::move(kernel)) {}
  KernelSides sides() const override { return sides_of(kernel_.weight); }
  at::Tensor run(const at::Tensor& x) const override {
    return convolved(x, kernel_.weight, kernel_.bias, kernel_.groups);
  }
  ConvolutionKernel folded(const Site&) const override { return kernel_; }

 private:
  ConvolutionKernel kernel_;
};

class Normalization : public LinearMap {
 public:
  explicit Normalization(FixedBatchNorm norm) : norm_(std::move(norm)) {}
  KernelSides sides() const override { return {1, 1}; }
  at::Tensor run(const at::Tensor& x) const override {
    return at::batch_norm(x, norm_.weight, norm_.bias, norm_.mean,
                          norm_.variance, /*training=*/false, /*momentum=*/0,
                          norm_.epsilon, /*cudnn_enabled=*/false);
  }
  ConvolutionKernel folded(const Site&) const override {
    auto scale = (norm_.variance + norm_.epsilon).rsqrt();
    if (norm_.weight.defined()) scale = scale * norm_.weight;
    auto shift = -norm_.mean * scale;
    if (norm_.bias.defined()) shift = shift + norm_.bias;
    return of_single_channels(as_kernel(scale), shift);
  }

 private:
  FixedBatchNorm norm_;
};

class Scaling : public LinearMap {
 public:
  explicit Scaling(at::Tensor factors) : factors_(std::move(factors)) {}
  KernelSides sides() const override { return {1, 1}; }
  at::Tensor run(const at::Tensor& x) const override {
    return x * factors_.reshape({1, -1, 1, 1});
  }
  ConvolutionKernel folded(const Site&) const override {
    return of_single_channels(as_kernel(factors_), {});
  }

 private:
  at::Tensor factors_;
};

class Averaging : public LinearMap {
 public:
  Averaging(std::int64_t channels, std::int64_t side)
      : channels_(channels), side_(side) {}
  KernelSides sides() const override { return {side_, side_}; }
  at::Tensor run(const at::Tensor& x) const override {
    return at::avg_pool2d(x, side_, /*stride=*/1);
  }
  ConvolutionKernel folded(const Site&) const override {
    const auto share = 1.0 / static_cast<double>(side_ * side_);
    return of_single_channels(
        at::full({channels_, 1, side_, side_}, share, at::kDouble), {});
  }

 private:
  std::int64_t channels_, side_;
};

class Identity : public LinearMap {
 public:
  explicit Identity(std::int64_t channels) : channels_(channels) {}
  KernelSides sides() const override { return {1, 1}; }
  at::Tensor run(const at::Tensor& x) const override { return x; }
  ConvolutionKernel folded(const Site&) const override {
    return of_single_channels(at::ones({channels_, 1, 1, 1}, at::kDouble), {});
  }

 private:
  std::int64_t channels_;
};

class Sequence : public LinearMap {
 public:
  explicit Sequence(std::vector<LinearMapPtr> maps) : maps_(std::move(maps)) {}
  KernelSides sides() const override {
    KernelSides whole = {1, 1};
    for (const auto& map : maps_) {
      const auto own = map->sides();
      for (std::size_t i = 0; i < whole.size(); ++i) whole[i] += own[i] - 1;
    }
    return whole;
  }
  at::Tensor run(const at::Tensor& x) const override {
    auto y = x;
    for (const auto& map : maps_) y = map->run(y);
    return y;
  }
  ConvolutionKernel folded(const Site& site) const override {
    auto kernel = maps_.front()->folded(site);
    for (std::size_t i = 1; i < maps_.size(); ++i) {
      kernel = composed(maps_[i]->folded(site), kernel, site);
    }
    return kernel;
  }

 private:
  std::vector<LinearMapPtr> maps_;
};

class Sum : public LinearMap {
 public:
  explicit Sum(std::vector<LinearMapPtr> maps) : maps_(std::move(maps)) {}
  KernelSides sides() const override {
    KernelSides whole = {1, 1};
    for (const auto& map : maps_) {
      const auto own = map->sides();
      for (std::size_t i = 0; i < whole.size(); ++i) {
        whole[i] = std::max(whole[i], own[i]);
      }
    }
    return whole;
  }
  at::Tensor run(const at::Tensor& x) const override {
    const auto whole = sides();
    at::Tensor sum;
    for (const auto& map : maps_) {
      auto seen = x;  // the part whose centre the smaller kernel sees
      const auto own = map->sides();
      for (std::size_t i = 0; i < whole.size(); ++i) {
        const auto side = static_cast<std::int64_t>(i) + 2;
        const auto less = whole[i] - own[i];
        seen = seen.narrow(side, less / 2, x.size(side) - less);
      }
      const auto y = map->run(seen);
      sum = sum.defined() ? sum + y : y;
    }
    return sum;
  }
  ConvolutionKernel folded(const Site& site) const override;

 private:
  std::vector<LinearMapPtr> maps_;
};

ConvolutionKernel Sum::folded(const Site& site) const {
  std::vector<ConvolutionKernel> kernels;
  kernels.reserve(maps_.size());
  for (const auto& map : maps_) kernels.push_back(map->folded(site));
  auto groups = kernels.front().groups;
  for (const auto& kernel : kernels) groups = std::min(groups, kernel.groups);
  const auto whole = sides();
  ConvolutionKernel sum;
  sum.groups = groups;
  for (const auto& kernel : kernels) {
    const auto [weight, bias, same] = in_groups(kernel, groups, site);
    const auto placed = centred(weight, whole, site);
    check_fit(
        !sum.weight.defined() || sum.weight.sizes() == placed.sizes(), site,
        sum.weight.defined()
            ? sizes(placed.sizes()) + " beside " + sizes(sum.weight.sizes())
            : "");
    sum.weight = sum.weight.defined() ? sum.weight + placed : placed;
    if (!bias.defined()) continue;
    sum.bias = sum.bias.defined() ? sum.bias + bias : bias;
  }
  return sum;
}

/// A random input, the same each time, that the kernel covers in its middle and
/// in borders of zeros on all sides: [1, in, height, width].
at::Tensor input_with_borders(std::int64_t channels,
                              const KernelSides& kernel) {
  constexpr std::int64_t kInside = 4;  // pixels that no border reaches
  const auto height = kernel[0] + kInside, width = kernel[1] + kInside + 1;
  // Sines of a steep line: irregular, and independent of the generator.
  const auto count = channels * height * width;
  const auto x = (at::linspace(1, 7919, count, at::kDouble) * 12.9898).sin();
  const std::array<std::int64_t, 4> border = {
      (kernel[1] - 1) / 2, kernel[1] / 2, (kernel[0] - 1) / 2, kernel[0] / 2};
  return at::constant_pad_nd(x.reshape({1, channels, height, width}), border);
}

}  // namespace

LinearMapPtr convolution(at::Tensor weight, at::Tensor bias,
                         std::int64_t groups) {
  return std::make_shared<Convolution>(
      ConvolutionKernel{std::move(weight), std::move(bias), groups});
}

LinearMapPtr normalization(FixedBatchNorm norm) {
  return std::make_shared<Normalization>(std::move(norm));
}

LinearMapPtr scaling(at::Tensor factors) {
  return std::make_shared<Scaling>(std::move(factors));
}

LinearMapPtr averaging(std::int64_t channels, std::int64_t side) {
  return std::make_shared<Averaging>(channels, side);
}

LinearMapPtr identity(std::int64_t channels) {
  return std::make_shared<Identity>(channels);
}

LinearMapPtr in_sequence(std::vector<LinearMapPtr> maps) {
  return std::make_shared<Sequence>(std::move(maps));
}

LinearMapPtr sum_of(std::vector<LinearMapPtr> maps) {
  return std::make_shared<Sum>(std::move(maps));
}

double error_on_probe(const LinearMap& map, const ConvolutionKernel& kernel) {
  const auto x = input_with_borders(inputs_of(kernel), sides_of(kernel.weight));
  const auto y = convolved(x, kernel.weight, kernel.bias, kernel.groups);
  return relative_error(y, map.run(x));
}

double error_on_probe(const LinearMap& map, const Affine& compact,
                      std::int64_t groups) {
  const auto& weight = compact.weight;
  const auto x = input_with_borders(weight.size(1) * groups, sides_of(weight));
  const auto y =
      convolved(x.to(weight.options()), weight, compact.bias, groups);
  return relative_error(y, map.run(x));
}

}  // namespace expandnet
