// Layers of foreign blocks as factors, against the layers themselves.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cstdint>
#include <vector>

#include "deploy/foreign/branches.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

/// A layer sums some hundred products in fp64, in another order.
constexpr double kSameSum = 1e-12;

FixedBatchNorm drawn_norm(std::int64_t channels) {
  const auto numbers = [&] { return torch::randn({channels}, at::kDouble); };
  return {numbers(), torch::rand({channels}, at::kDouble) + 0.1, numbers(),
          numbers(), 1e-3};
}

/// What LibTorch's BatchNorm computes in evaluation.
at::Tensor run_norm(const FixedBatchNorm& norm, const at::Tensor& x) {
  return at::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance,
                        /*training=*/false, /*momentum=*/0, norm.epsilon,
                        /*cudnn_enabled=*/false);
}

at::Tensor run_conv(const at::Tensor& x, const at::Tensor& weight,
                    const at::Tensor& bias, std::int64_t groups) {
  const std::vector<std::int64_t> ones = {1, 1}, none = {0, 0};
  return at::conv2d(x, weight, bias, at::IntArrayRef(ones),
                    at::IntArrayRef(none), at::IntArrayRef(ones), groups);
}

/// The fold of a sum over x, whose padding is there already.
at::Tensor run_fold(const BlockSum& sum, const at::Tensor& x) {
  const auto [plan, factors] = planned(sum, {"test", ""});
  const auto folded = fold(plan, factors);
  return run_conv(x, folded.weight, folded.bias, plan.layer.groups);
}

TEST(ForeignBranches, ComputeWhatTheLayersDo) {
  for (const std::int64_t groups : {1, 2, 6}) {
    torch::manual_seed(0);
    const auto drawn = [](const std::vector<std::int64_t>& sizes) {
      return torch::randn(sizes, at::kDouble);
    };
    const std::int64_t width = 6 / groups;
    const auto x = at::constant_pad_nd(drawn({2, 6, 5, 4}), {1, 1, 1, 1});
    const auto inner = x.slice(2, 1, -1).slice(3, 1, -1);
    const auto first = drawn({12, width, 1, 1}), first_bias = drawn({12});
    const auto second = drawn({6, 12 / groups, 3, 3});
    const auto pointwise = drawn({6, width, 1, 1});
    const auto scales = drawn({6});
    const auto middle = drawn_norm(12), behind = drawn_norm(6),
               alone = drawn_norm(6), last = drawn_norm(6);
    // A bias in front of a kernel, a mean behind a BatchNorm, and a sum with a
    // scale and a BatchNorm behind it, beside an identity.
    auto sum = followed_by(
        followed_by(
            {{kernel_factor(first, first_bias, groups), norm_factor(middle),
              kernel_factor(second, {}, groups), norm_factor(behind)},
             {kernel_factor(pointwise, {}, groups), norm_factor(behind),
              average_factor(6, 3)},
             {norm_factor(alone)}},
            scale_factor(scales)),
        norm_factor(last));
    sum.push_back({identity_factor(6)});

    const auto branches =
        run_norm(
            behind,
            run_conv(run_norm(middle, run_conv(x, first, first_bias, groups)),
                     second, {}, groups)) +
        at::avg_pool2d(run_norm(behind, run_conv(x, pointwise, {}, groups)),
                       /*kernel_size=*/3, /*stride=*/1) +
        run_norm(alone, inner);
    const auto expected =
        run_norm(last, branches * scales.view({1, 6, 1, 1})) + inner;

    EXPECT_LE(relative_error(run_fold(sum, x), expected), kSameSum)
        << groups << " groups";
  }
}

TEST(ForeignBranchesErrors, NameWhatDoesNotFit) {
  const auto one = torch::ones({4, 4, 3, 3}, at::kDouble);
  const auto refusal = [&](const BlockBranch& branch) {
    return error_of([&] {
      static_cast<void>(
          planned({{kernel_factor(one, {}, 1)}, branch}, {"test", "block"}));
    });
  };

  EXPECT_EQ(refusal({kernel_factor(one, {}, 1),
                     scale_factor(torch::ones({5}, at::kDouble))}),
            "test: the layers of a block must fit, got 4 channels into a layer "
            "of 5 at \"block\"; the file may be damaged");
  EXPECT_EQ(refusal({identity_factor(6)}),
            "test: the layers of a block must fit, got [6, 6, 3, 3] beside [4, "
            "4, 3, 3] at \"block\"; the file may be damaged");
  EXPECT_EQ(refusal({average_factor(4, 2)}),
            "test: the layers of a block must fit, got a kernel of 2x2 in one "
            "of 3x3 at \"block\"; the file may be damaged");
}

}  // namespace
}  // namespace expandnet::testing
