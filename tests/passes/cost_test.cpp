#include <expandnet/fold/cost.h>
#include <expandnet/nn/run.h>
#include <expandnet/passes/expand.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <string>
#include <vector>

#include "nn/models.h"
#include "passes/pair.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(StepCost, OfTheObservedBatchIsThatOfEveryKindOfLayer) {
  torch::manual_seed(0);
  torch::nn::Sequential net(
      torch::nn::Conv2d(
          torch::nn::Conv2dOptions(3, 4, 5).stride(2).padding(2).padding_mode(
              torch::kReflect)),
      torch::nn::ConvTranspose2d(
          torch::nn::ConvTranspose2dOptions(4, 6, 4).stride(2).groups(2)),
      torch::nn::Flatten(torch::nn::FlattenOptions().start_dim(2).end_dim(3)),
      torch::nn::Linear(18 * 14, 8), torch::nn::Flatten(),
      torch::nn::Linear(torch::nn::LinearOptions(48, 5).bias(false)));
  auto expansion = expand(*net);
  const auto x = torch::randn({2, 3, 16, 12});

  expansion.observe([&] { net->forward(x); });

  const auto summary = expansion.summary();
  ASSERT_EQ(summary.rows.size(), 4U);
  const auto step_of = [&](std::size_t row) {
    return summary.rows[row].compact_step_multiply_adds.value_or(-1);
  };
  EXPECT_EQ(step_of(0), 3 * 2 * (4 * 3 * 25) * (8 * 6));
  EXPECT_EQ(step_of(1), 3 * 2 * (4 * 3 * 16) * (8 * 6));  // of the input
  EXPECT_EQ(step_of(2), 3 * 2 * 6 * (18 * 14 * 8));
  EXPECT_EQ(step_of(3), 3 * 2 * 48 * 5);  // (other)
  EXPECT_EQ(summary.total().compact_step_multiply_adds,
            step_of(0) + step_of(1) + step_of(2) + step_of(3));
}

TEST(StepCost, OfModulesIsThatOfTheirLastBatch) {
  ExpandedNet net;
  net->eval();
  EXPECT_EQ(summary(*net).total().cost(), std::nullopt);

  static_cast<void>(net(torch::randn({4, 3, 12, 12})));

  const auto rows = summary(*net).rows;
  EXPECT_EQ(rows[0].compact_step_multiply_adds, 3 * 4 * (588 * 12 * 12));
  EXPECT_EQ(rows[1].compact_step_multiply_adds, 3 * 4 * (216 * 5 * 5));
  EXPECT_EQ(rows[2].compact_step_multiply_adds, 3 * 4 * (150 * 8));
  EXPECT_EQ(rows[2].chain_step_multiply_adds,
            step_multiply_adds(net->fc1->plan()));
}

TEST(StepCost, IsThatOfTheNarrowedChain) {
  torch::manual_seed(0);
  CompactNet net;
  auto expansion = expand(*net, ExpansionOptions(Strategy::kFC).narrow(true));
  expansion.observe([&] { net(torch::randn({4, 3, 12, 12})); });

  const auto row = expansion.summary().rows[0];

  // 150 -> 600 -> 32 -> 8 keeps 183 of 600.
  EXPECT_EQ(row.chain_step_multiply_adds, 3 * (8 * 32 * 183 + 8 * 183 * 150));
  EXPECT_DOUBLE_EQ(*row.cost(),
                   (8. * 32 * 183 + 8. * 183 * 150) / (4. * 150 * 8));
}

/// Bounds the chains of a CompactNet on a batch of `count`.
Expansion within(double share, CompactNet& net, std::int64_t count,
                 const Selector& selector) {
  return expand(*net, selector, MaxCost{share, [&] {
                                          net(torch::randn({count, 3, 12, 12}));
                                        }});
}

TEST(MaxCost, LowersRatesAndLeavesLayersCompactWithANote) {
  torch::manual_seed(0);
  CompactNet net;

  const auto expansion = within(0.3, net, 16, default_selector(*net));

  const auto rows = expansion.summary().rows;
  for (const auto& row : rows) {
    if (row.cost()) EXPECT_LE(*row.cost(), 0.3) << row.path;
  }
  // (r^2 4 + 6 r) / (16 5 5) at the rate 4 is 0.22, of conv1 less.
  EXPECT_EQ(rows[0].expansion, "CK 3 -> 12 -> 16 -> 4");
  EXPECT_EQ(rows[1].expansion, "CL 4 -> 16 -> 24 -> 6");
  EXPECT_EQ(rows.size(), 3U);  // fc1 is compact
  ASSERT_EQ(expansion.notes().size(), 1U);
  // 8 32 600 + 8 600 150 of 16 150 8.
  EXPECT_EQ(expansion.notes()[0],
            "\"fc1\" stays compact: fold and pull back would be 4550.0 % of "
            "the layer's own step, above 30.0 %");
}

TEST(MaxCost, TakesTheLargestRateThatFits) {
  torch::manual_seed(0);
  CompactNet net;

  const auto expansion =
      within(0.2, net, 16, default_selector(*net, Strategy::kCL));

  // Widths 15 and 22: 22 (15 + 6) / (6 400) is 0.1925; from 3.75 on it is 23.
  const auto row = expansion.summary().rows[1];
  EXPECT_EQ(row.path, "conv2");
  EXPECT_DOUBLE_EQ(*row.cost(), 0.1925);
  ASSERT_EQ(expansion.notes().size(), 1U);
  EXPECT_EQ(expansion.notes()[0],
            "\"conv2\" has rate 3.74 in place of 4, at which fold and pull "
            "back would be 22.0 % of the layer's own step, above 20.0 %");
}

TEST(MaxCost, CountsThePassesOfAnUpdate) {
  torch::manual_seed(0);
  CompactNet net;
  MaxCost bound{0.2, [&] { net(torch::randn({2, 3, 12, 12})); }};
  bound.passes = 8;

  const auto expansion =
      expand(*net, default_selector(*net, Strategy::kCL), bound);

  ASSERT_EQ(expansion.notes().size(), 1U);
  EXPECT_EQ(expansion.notes()[0],
            "\"conv2\" has rate 3.74 in place of 4, at which fold and pull "
            "back would be 22.0 % of the layer's own step, above 20.0 %");
}

TEST(MaxCost, IsNotForLayersThatAreExcepted) {
  torch::manual_seed(0);
  CompactNet net;
  MaxCost bound{0.2, [&] { net(torch::randn({16, 3, 12, 12})); }};
  bound.excepts = [](const std::string& path) { return path == "conv2"; };

  const auto expansion =
      expand(*net, default_selector(*net, Strategy::kCL), bound);

  EXPECT_EQ(expansion.notes(), std::vector<std::string>());
  EXPECT_EQ(expansion.summary().rows[1].expansion, "CL 4 -> 16 -> 24 -> 6");
}

TEST(MaxCost, LeavesGivenWidthsAsTheyAreOrTheLayerCompact) {
  torch::manual_seed(0);
  CompactNet net;

  const auto expansion =
      within(0.1, net, 4,
             [](const std::string& path,
                const torch::nn::Module&) -> std::optional<ExpansionOptions> {
               if (path == "conv1") return ExpansionOptions().widths({3, 4});
               if (path == "conv2") return ExpansionOptions().widths({40, 40});
               return std::nullopt;
             });

  EXPECT_EQ(expansion.size(), 1U);
  EXPECT_EQ(expansion.summary().rows[0].expansion, "CK 3 -> 3 -> 4 -> 4");
  ASSERT_EQ(expansion.notes().size(), 1U);
  EXPECT_EQ(expansion.notes()[0].find("\"conv2\" stays compact: "), 0U);
}

/// Two kernels of 3x3 cannot hold its weight at this rate, and its CL chain
/// costs more than they do.
Expansion preserving(double share, torch::nn::Sequential& net) {
  torch::manual_seed(0);
  net->push_back(torch::nn::Conv2d(2, 16, 5));
  const auto options =
      ExpansionOptions().rate(1.5).initial_values(InitialValues::kPreserving);
  return expand(*net, default_selector(*net, options),
                MaxCost{share, [&net] {
                          net->forward(torch::randn({1, 2, 14, 14}));
                        }});
}

TEST(MaxCost, BoundsTheClThatStandsInForACkThatCannotPreserve) {
  torch::nn::Sequential net;

  // CK 7776 of 800 100; CL 22800, at the rate 1 14400.
  const auto expansion = preserving(0.2, net);

  const auto row = expansion.summary().rows[0];
  EXPECT_EQ(row.expansion.find("CL 2 -> "), 0U) << row.expansion;
  EXPECT_LE(*row.cost(), 0.2);
  EXPECT_EQ(expansion.notes().size(), 2U);
}

TEST(MaxCostErrors, SayWhyNeitherCkNorClIsTaken) {
  torch::nn::Sequential net;

  const auto message =
      error_of([&] { static_cast<void>(preserving(0.15, net)); });

  EXPECT_NE(message.find("; \"0\" is not expanded by CK, either: that would "
                         "keep its weight to "),
            std::string::npos)
      << message;
}

/// Forward passes of one convolution, by the operators that there are for it.
TEST(LayerWork, SeesConvolutionsOfTracedScripts) {
  torch::nn::Conv2d conv(4, 6, 3);
  const auto x = torch::randn({2, 4, 8, 8});
  const auto row_after = [&](const std::function<void()>& forward) {
    torch::nn::Sequential net(conv);
    auto expansion = expand(*net, ExpansionOptions(Strategy::kCL));
    expansion.observe(forward);
    auto row = expansion.summary().rows[0];
    expansion.contract();
    return row;
  };
  const auto of_layer = row_after([&] { conv->forward(x); });
  const auto of_trace = row_after([&] {
    at::_convolution(x, conv->weight, conv->bias, {1, 1}, {0, 0}, {1, 1},
                     /*transposed=*/false, {0, 0}, 1, false, false, true, true);
  });
  ASSERT_TRUE(of_layer.cost());
  EXPECT_EQ(of_trace.cost(), of_layer.cost());
}

TEST(LayerWork, TellsWeightsInOneStorageApart) {
  torch::nn::Linear first(16, 32), second(32, 8);
  torch::nn::Sequential net(first, second, torch::nn::Linear(8, 2));
  const auto x = torch::randn({4, 16});
  const auto rows = [&] {
    auto expansion = expand(*net, ExpansionOptions(Strategy::kFC));
    expansion.observe([&] { net->forward(x); });
    auto of_both = expansion.summary().rows;
    expansion.contract();
    return of_both;
  };
  const auto apart = rows();
  const auto flat = torch::randn({16 * 32 + 32 * 8});
  first->weight.set_data(flat.slice(0, 0, 16 * 32).view({32, 16}));
  second->weight.set_data(flat.slice(0, 16 * 32).view({8, 32}));
  const auto together = rows();
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(apart[i].cost());
    EXPECT_EQ(together[i].cost(), apart[i].cost()) << i;
  }
}

TEST(MaxCostErrors, NameABoundThatIsNegative) {
  CompactNet net;

  EXPECT_EQ(error_of([&] {
              static_cast<void>(within(-0.5, net, 4, default_selector(*net)));
            }),
            "expand: max_cost must not be negative, got -0.5");
  EXPECT_EQ(error_of([&] {
              static_cast<void>(
                  expand(*net, default_selector(*net), MaxCost{0.1, [] {}, 0}));
            }),
            "expand: the passes of max_cost must be positive, got 0");
}

TEST(MaxCostErrors, NameWhatStayedCompactWhereNothingIsLeft) {
  CompactNet net;

  EXPECT_EQ(
      error_of([&] {
        static_cast<void>(
            within(0.01, net, 4, default_selector(*net, Strategy::kFC)));
      }),
      "expand: the model must hold a layer to expand, got none; give a "
      "selector that names one; \"fc1\" stays compact: fold and pull back "
      "would be 18200.0 % of the layer's own step, above 1.0 %");
}

}  // namespace
}  // namespace expandnet::testing
