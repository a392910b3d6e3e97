#include "trainers/app/analysis/analysis_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace expandnet::examples {
namespace {

using Json = nlohmann::ordered_json;

AnalyzedResult some_result(const std::string& variant, std::uint64_t seed) {
  AnalyzedResult run;
  run.name = variant + "-seed" + std::to_string(seed);
  run.variant = variant;
  run.result.recipe = variant == "compact" ? "none" : variant;
  run.result.seed = seed;
  run.result.test = {{"loss", 0.75}, {"accuracy", 0.5}};
  run.analysis = {{"run", run.name},
                  {"training", {{"loss", 0.25}, {"accuracy", 0.875}}},
                  {"line", {{"loss", {2, 1, 3}}, {"accuracy", {0, 1, 0}}}}};
  run.confusion = {{1, {0.5, -0.5}, {}}, {2, {0.25, 0.75, -0.125}, {}}};
  if (variant != "compact") {
    for (auto& epoch : run.confusion) epoch.factors = epoch.fold;
  }
  return run;
}

ReportHeader some_analysis_occasion() {
  ReportHeader header;
  header.title = "Analysis: a net on <images>";
  header.program = "expandnet-cifar analyze";
  header.notes = {"A note."};
  return header;
}

TEST(AnalysisJson, GroupsRunsAndTellsTheirGaps) {
  const auto analysis = analysis_json(
      some_analysis_occasion(),
      {some_result("compact", 0), some_result("ck", 0), some_result("ck", 1)});
  ASSERT_EQ(analysis["variants"].size(), 2U);
  EXPECT_EQ(analysis["variants"][0]["name"], "compact");
  EXPECT_EQ(analysis["variants"][0]["compact"], true);
  EXPECT_EQ(analysis["variants"][1]["compact"], false);
  ASSERT_EQ(analysis["variants"][1]["runs"].size(), 2U);
  const auto& run = analysis["variants"][1]["runs"][1];
  EXPECT_EQ(run["name"], "ck-seed1");
  EXPECT_EQ(run["gap"], Json({{"loss", 0.5}, {"accuracy", 0.375}}));
  EXPECT_EQ(run["line"]["loss"], Json({2, 1, 3}));
  EXPECT_TRUE(run["plane"].is_null());
  EXPECT_TRUE(run["largest_eigenvalue"].is_null());
}

TEST(AnalysisJson, SummarizesConfusionByEpoch) {
  const auto analysis =
      analysis_json(some_analysis_occasion(), {some_result("compact", 0)});
  const auto& epochs = analysis["variants"][0]["runs"][0]["confusion"];
  ASSERT_EQ(epochs.size(), 2U);
  EXPECT_EQ(epochs[1]["epoch"], 2);
  EXPECT_EQ(epochs[1]["fold"]["pairs"], 3);
  EXPECT_EQ(epochs[1]["fold"]["minimum"], -0.125);
  EXPECT_EQ(epochs[1]["fold"]["median"], 0.25);
  EXPECT_TRUE(epochs[1]["factors"].is_null());
}

/// Of what all runs of a variant had in the end.
TEST(AnalysisJson, HasDensitiesOfTheLastEpochs) {
  auto once = some_result("cl", 0);
  once.confusion.back().factors = {0.5};
  const auto analysis =
      analysis_json(some_analysis_occasion(),
                    {some_result("ck", 0), some_result("ck", 1), once});
  const auto& at = analysis["density_at"];
  const auto& density = analysis["variants"][0]["density"]["fold"];
  EXPECT_EQ(density["cosines"], 6);
  ASSERT_EQ(density["heights"].size(), at.size());
  EXPECT_EQ(at.front(), -1);
  EXPECT_EQ(at.back(), 1);
  // Scott's, of 0.25, 0.75, -0.125 twice.
  const auto mean = 0.875 / 3;
  double squares = 0;
  for (const auto value : {0.25, 0.75, -0.125}) {
    squares += 2 * (value - mean) * (value - mean);
  }
  EXPECT_NEAR(density["bandwidth"].get<double>(),
              std::sqrt(squares / 5) * std::pow(6, -0.2), 1e-12);
  // One cosine has none.
  EXPECT_TRUE(analysis["variants"][1]["density"]["factors"].is_null());
  EXPECT_TRUE(analysis["variants"][1]["density"]["fold"].is_object());
}

TEST(AnalysisHtml, StandsAlone) {
  const auto page = analysis_html(
      analysis_json(some_analysis_occasion(), {some_result("compact", 0)}));
  for (const std::string placeholder :
       {"@STYLE@", "@BLOCKS@", "@REPORT_DATA@", "<images>", "<link", "src="}) {
    EXPECT_EQ(page.find(placeholder), std::string::npos) << placeholder;
  }
  EXPECT_NE(page.find("\\u003cimages>"), std::string::npos);
  EXPECT_NE(page.find("const html = builder("), std::string::npos);
  EXPECT_NE(page.find("--v0:"), std::string::npos);
}

}  // namespace
}  // namespace expandnet::examples
