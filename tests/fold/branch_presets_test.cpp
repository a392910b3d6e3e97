#include <expandnet/fold/initial_values.h>
#include <expandnet/fold/plan.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "testing.h"

namespace expandnet::testing {
namespace {

constexpr double kPi = 3.14159265358979323846;

std::string branches_of_plan(const CompactLayer& layer, Strategy strategy) {
  return plan(layer, strategy).widths();
}

TEST(BranchPresets, HaveTheBranchesOfTheirPapers) {
  const auto same = conv2d_layer(8, 8, 3);
  const auto other = conv2d_layer(8, 16, 3);
  EXPECT_EQ(branches_of_plan(same, Strategy::kOREPA),
            "3x3 + average + cosine + 1x1-3x3 + 1x1 + depthwise-separable");
  EXPECT_EQ(branches_of_plan(same, Strategy::kACB), "3x3 + 1x3 + 3x1");
  EXPECT_EQ(branches_of_plan(same, Strategy::kRep), "3x3 + 1x1 + identity");
  EXPECT_EQ(branches_of_plan(other, Strategy::kRep), "3x3 + 1x1");
  EXPECT_EQ(branches_of_plan(same, Strategy::kCLSkip),
            "CL 8 -> 32 -> 32 -> 8 + identity");
  EXPECT_EQ(branches_of_plan(other, Strategy::kCLSkip),
            "CL 8 -> 32 -> 64 -> 16 + 1x1");
  EXPECT_EQ(branches_of_plan(conv2d_layer(8, 8, 7), Strategy::kCKRep),
            "CK 8 -> 32 -> 32 -> 8 + 1x1 + identity");
}

/// A weight as nested loops read it.
double at4(const at::Tensor& weight, std::int64_t a, std::int64_t b,
           std::int64_t c, std::int64_t d) {
  return weight.index({a, b, c, d}).item<double>();
}

/// OREPA's block written out: factors in the order of the preset.
at::Tensor orepa_reference(const std::vector<Affine>& f, std::int64_t in,
                           std::int64_t out, std::int64_t k,
                           std::int64_t groups) {
  const auto in_g = in / groups;
  const auto out_g = out / groups;
  auto sum = torch::zeros({out, in_g, k, k}, at::kDouble);
  for (std::int64_t o = 0; o < out; ++o) {
    const auto g = o / out_g;
    const auto scale = [&](std::size_t factor) {
      return at4(f[factor].weight, o, 0, 0, 0);
    };
    for (std::int64_t i = 0; i < in_g; ++i) {
      for (std::int64_t h = 0; h < k; ++h) {
        for (std::int64_t w = 0; w < k; ++w) {
          double value = scale(1) * at4(f[0].weight, o, i, h, w);
          value += scale(4) * at4(f[2].weight, o, i, 0, 0) /
                   static_cast<double>(k * k);
          const auto half = static_cast<double>(out) / 2;
          const auto channel = static_cast<double>(o);
          const auto prior =
              channel < half
                  ? std::cos(kPi * (static_cast<double>(h) + 0.5) *
                             (channel + 1) / static_cast<double>(k))
                  : std::cos(kPi * (static_cast<double>(w) + 0.5) *
                             (channel + 1 - half) / static_cast<double>(k));
          value += scale(7) * at4(f[5].weight, o, i, 0, 0) * prior;
          // 1x1, then kxk: I + A, or of twice the width with many groups.
          const auto middle_g = f[9].weight.size(1);
          double chained = 0;
          for (std::int64_t m = 0; m < middle_g; ++m) {
            auto mixing = at4(f[8].weight, g * middle_g + m, i, 0, 0);
            if (groups <= 4 && m == i) mixing += 1;
            chained += at4(f[9].weight, o, m, h, w) * mixing;
          }
          value += scale(10) * chained;
          if (h == k / 2 && w == k / 2) {
            value += scale(12) * at4(f[11].weight, o, i, 0, 0);
          }
          double separable = 0;
          for (std::int64_t r = 0; r < 8; ++r) {
            separable += at4(f[14].weight, o, i * 8 + r, 0, 0) *
                         at4(f[13].weight, (g * in_g + i) * 8 + r, 0, h, w);
          }
          value += scale(15) * separable;
          sum.index_put_({o, i, h, w}, value);
        }
      }
    }
  }
  return sum;
}

TEST(Orepa, FoldsToWhatItsPaperSays) {
  struct Shape {
    std::int64_t in, out, kernel, groups;
  };
  for (const auto& [in, out, kernel, groups] :
       {Shape{3, 8, 3, 1}, Shape{6, 4, 3, 2}, Shape{6, 6, 5, 6},
        Shape{5, 7, 3, 1}, Shape{10, 10, 3, 5}}) {
    torch::manual_seed(in);
    const auto sum =
        plan(conv2d_layer(in, out, kernel, groups, false), Strategy::kOREPA);
    auto factors = initial_values(sum, Strategy::kOREPA, at::kDouble);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      // A and the scales, too, are anywhere after some training.
      if (sum.factors[i].fixed) continue;
      factors[i].weight.add_(torch::randn_like(factors[i].weight), 0.3);
    }

    EXPECT_LE(relative_error(fold(sum, factors).weight,
                             orepa_reference(factors, in, out, kernel, groups)),
              1e-13)
        << in << " -> " << out << ", groups " << groups;
  }
}

TEST(Orepa, StartsAsItsPaperSays) {
  torch::manual_seed(0);
  const auto sum = plan(conv2d_layer(16, 32, 3), Strategy::kOREPA);

  const auto factors = initial_values(sum, Strategy::kOREPA, at::kDouble);

  const auto is = [&](std::size_t factor, double value) {
    EXPECT_TRUE(torch::equal(factors[factor].weight,
                             torch::full_like(factors[factor].weight, value)))
        << factor;
  };
  is(1, 0.25);
  is(4, 0.25);
  is(7, 0);
  is(8, 0);  // A of I + A
  is(10, 0.5);
  is(12, 1);
  is(15, 0.5);
  const auto bound = std::sqrt(6.0 / (16 * 9));
  const auto largest = factors[0].weight.abs().max().item<double>();
  EXPECT_LE(largest, bound);
  EXPECT_GE(largest, 0.99 * bound);  // of 4608 draws
  for (const auto& [weight, bias] : factors) {
    if (bias.defined()) EXPECT_EQ(bias.abs().max().item<double>(), 0);
  }
  EXPECT_TRUE(sum.factors[0].bias);
  EXPECT_FALSE(sum.factors[2].bias);
}

std::string branch_error(const CompactLayer& layer,
                         const ExpansionOptions& options) {
  return error_of([&] { static_cast<void>(plan(layer, options)); });
}

TEST(BranchErrors, NameABranchThatIsLarger) {
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 4, 3),
                   ExpansionOptions().branches(
                       {{Branch().bias(true), Branch().kernel_size({5, 3})}})),
      "plan: a branch must be no larger than the layer's kernel, got 5x3 "
      "in 3x3; choose sides from 1 to the layer's");
}

TEST(BranchErrors, NameABranchOfAnotherParity) {
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 4, 3),
                   ExpansionOptions().branches(
                       {{Branch().bias(true), Branch().kernel_size({2, 3})}})),
      "plan: a branch must have the centre of the layer's kernel, got "
      "2x3 in 3x3; choose sides that are smaller by an even number");
  EXPECT_EQ(branch_error(conv2d_layer(4, 4, 4), Strategy::kRep),
            "plan: a branch must have the centre of the layer's kernel, got "
            "1x1 in 4x4; choose sides that are smaller by an even number");
}

TEST(BranchErrors, NameAnIdentityWhereChannelsDiffer) {
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 6, 3),
                   ExpansionOptions().branches(
                       {{Branch().bias(true), BranchKind::kIdentity}})),
      "plan: an identity needs as many output as input channels, got 4 -> 6; "
      "leave the branch out");
}

TEST(BranchErrors, NameAnEmptyList) {
  const std::string message =
      "plan: a sum needs at least one branch, got an empty list; list "
      "branches, or name another strategy";
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 3),
                         ExpansionOptions().branches(std::vector<Branch>())),
            message);
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 3), Strategy::kBranches), message);
}

TEST(BranchErrors, NameAScaleThatIsNoNumber) {
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 3, 1, false),
                         ExpansionOptions().branches({{Branch().scale(
                             std::numeric_limits<double>::quiet_NaN())}})),
            "plan: a scale must be finite, got nan");
}

TEST(BranchErrors, NameAWidthThatIsNone) {
  const auto of_width = [](std::int64_t width) {
    return branch_error(
        conv2d_layer(4, 6, 3, 1, false),
        ExpansionOptions().branches(
            {{Branch(BranchKind::kDepthwiseSeparable).width(width)}}));
  };
  EXPECT_EQ(of_width(0),
            "plan: a branch's width must be positive and give at most 2^30 "
            "channels, got 0 for 4 channels");
  EXPECT_EQ(of_width(std::int64_t{1} << 60),
            "plan: a branch's width must be positive and give at most 2^30 "
            "channels, got 1152921504606846976 for 4 channels");
}

TEST(BranchErrors, NameATwin) {
  EXPECT_EQ(
      branch_error(
          conv2d_layer(4, 6, 3),
          ExpansionOptions(Strategy::kRep).activation([](const at::Tensor& x) {
            return x.relu();
          })),
      "plan: a nonlinear twin is a single chain, got the branches of "
      "rep; use FC, CL or CK");
}

TEST(BranchErrors, NameABiasThatNoBranchHas) {
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 6, 3),
                   ExpansionOptions().branches(
                       {{Branch(), Branch().kernel_size({1, 1})}})),
      "plan: the bias of a layer needs a branch that has one, got none of 3x3 "
      "+ 1x1; set bias(true) on a branch that is not fixed");
}

TEST(BranchErrors, NameAKernelThatIsNotOfTheBranch) {
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 3, 1, false),
                         ExpansionOptions().branches({{
                             Branch(BranchKind::kAverage).kernel_size({1, 1}),
                         }})),
            "plan: a branch of its own kernel is of kKernel, got 1x1 of "
            "average; leave out its kernel_size");
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 6, 3, 1, false),
                   ExpansionOptions().branches({{Branch().kernel_size({1})}})),
      "plan: a branch's kernel needs one side per spatial dimension (2), "
      "got [1]");
}

TEST(BranchErrors, NameALayerThatThePresetDoesNotFit) {
  EXPECT_EQ(branch_error(linear_layer(4, 6), Strategy::kOREPA),
            "plan: orepa needs a convolution, got a linear layer; use FC");
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 1), Strategy::kRep),
            "plan: rep needs a kernel with a side above 1, got 1x1; leave the "
            "layer compact");
  EXPECT_EQ(branch_error(conv2d_layer(4, 6, 3), Strategy::kCKRep),
            "plan: ck+rep needs a kernel with a side above 3, got 3x3; use "
            "rep");
  auto line = conv2d_layer(4, 6, 3);
  line.kernel_size = {1, 3};
  EXPECT_EQ(branch_error(line, Strategy::kACB),
            "plan: acb needs a kernel with two sides above 1, got 1x3; use "
            "rep");
}

TEST(BranchErrors, NameTwoStrategies) {
  EXPECT_EQ(
      branch_error(
          conv2d_layer(4, 6, 3),
          ExpansionOptions(Strategy::kCL).branches({{Branch().bias(true)}})),
      "plan: branches are a strategy of their own, got CL; leave out one "
      "of the two");
  EXPECT_EQ(
      branch_error(conv2d_layer(4, 6, 3),
                   ExpansionOptions().branches({{Branch(BranchKind::kChain)
                                                     .strategy(Strategy::kRep)
                                                     .bias(true)}})),
      "plan: the chain of a branch must be FC, CL or CK, got rep; list "
      "the branches of a sum one by one");
}

}  // namespace
}  // namespace expandnet::testing
