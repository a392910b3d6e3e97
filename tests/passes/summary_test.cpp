#include <expandnet/passes/contract.h>
#include <expandnet/passes/summary.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/models.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

TEST(Summary, CountsTrainingAndDeployment) {
  ExpandedNet net;
  CompactNet plain;
  net->eval();
  static_cast<void>(net(torch::randn({1, 3, 12, 12})));
  std::int64_t expanded = 0;
  std::int64_t compact = 0;
  for (const auto& parameter : net->parameters()) expanded += parameter.numel();
  for (const auto& parameter : plain->parameters())
    compact += parameter.numel();

  const auto total = summary(*net).total();

  EXPECT_EQ(total.train_parameters, expanded);
  EXPECT_EQ(total.deploy_parameters, compact);
  EXPECT_EQ(total.train_bytes, 2 * 4 * expanded);
  EXPECT_EQ(total.deploy_bytes, 4 * compact);
  constexpr std::int64_t kMultiplyAdds = 12 * 12 * 588 + 5 * 5 * 216 + 150 * 8;
  EXPECT_EQ(total.compact_multiply_adds, kMultiplyAdds);
  EXPECT_GT(*total.chained_multiply_adds, *total.compact_multiply_adds);
}

TEST(Summary, OfAContractedNetIsThatOfTheCompactNet) {
  ExpandedNet net;
  contract(*net);

  const auto total = summary(*net).total();

  EXPECT_EQ(total.train_parameters, total.deploy_parameters);
  EXPECT_EQ(total.chained_multiply_adds, std::nullopt);
}

TEST(Summary, PrintsATable) {
  Summary sums;
  sums.rows = {{"conv", "CK 3 -> 12 -> 8", 6136, 1184, 5000, 1000, 49088, 4736},
               {"(other)", "", 10, 10, std::nullopt, std::nullopt, 80, 40}};

  EXPECT_EQ(sums.to_string(),
            "layer    expansion        train params  deploy params  chained "
            "madds  compact madds  train memory  deploy memory\n"
            "-------  ---------------  ------------  -------------  "
            "-------------  -------------  ------------  -------------\n"
            "conv     CK 3 -> 12 -> 8         6,136          1,184          "
            "5,000          1,000     47.94 KiB      4.625 KiB\n"
            "(other)                             10             10             "
            " -              -          80 B           40 B\n"
            "total                            6,146          1,194          "
            "5,000          1,000     48.02 KiB      4.664 KiB\n");
}

}  // namespace
}  // namespace expandnet::testing
