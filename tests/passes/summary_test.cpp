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
  EXPECT_EQ(total.train_bytes, expanded * 2 * 4);
  EXPECT_EQ(total.deploy_bytes, 4 * compact);
  constexpr int kMultiplyAdds = 12 * 12 * 588 + 5 * 5 * 216 + 150 * 8;
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
  sums.rows[0].kept_parameters = 5000;
  sums.rows[0].chain_step_multiply_adds = 3000;
  sums.rows[0].compact_step_multiply_adds = 24000;
  sums.rows[1].compact_step_multiply_adds = 36000;

  EXPECT_EQ(sums.to_string(),
            "layer    expansion              train params  deploy params  "
            "chained madds  compact madds  fold/step  compact/step    cost  "
            "train memory  deploy memory\n"
            "-------  ---------------  ------------------  -------------  "
            "-------------  -------------  ---------  ------------  ------  "
            "------------  -------------\n"
            "conv     CK 3 -> 12 -> 8  6,136 (5,000 kept)          1,184  "
            "        5,000          1,000      3,000        24,000  12.5 %  "
            "   47.94 KiB      4.625 KiB\n"
            "(other)                                   10             10  "
            "            -              -          -        36,000       -  "
            "        80 B           40 B\n"
            "total                     6,146 (5,010 kept)          1,194  "
            "        5,000          1,000      3,000        60,000   5.0 %  "
            "   48.02 KiB      4.664 KiB\n"
            "madds are multiply-adds. Of one update: fold/step those of fold "
            "and pull back,\n"
            "compact/step those of the layer itself, forward and backward; "
            "cost is their ratio.\n");
}

TEST(SummaryText, LeavesOutWhatNoLayerHas) {
  Summary sums;
  SummaryRow row;
  row.path = "fc";
  row.expansion = "FC 2 -> 8 -> 2";
  row.train_parameters = 32;
  row.deploy_parameters = 4;
  row.train_bytes = 256;
  row.deploy_bytes = 16;
  sums.rows.push_back(row);

  EXPECT_EQ(sums.to_string(),
            "layer  expansion       train params  deploy params  train memory  "
            "deploy memory\n"
            "-----  --------------  ------------  -------------  ------------  "
            "-------------\n"
            "fc     FC 2 -> 8 -> 2            32              4         256 B  "
            "         16 B\n"
            "total                            32              4         256 B  "
            "         16 B\n");
}

}  // namespace
}  // namespace expandnet::testing
