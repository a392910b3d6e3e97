#include "trainers/app/report/comparison.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::examples {
namespace {

const tasks::Metric kAccuracy = {"accuracy", "accuracy"};

/// Runs from seeds 0, 1, ... with these accuracies on the test set.
VariantResult variant_of(const std::string& recipe,
                         const std::vector<double>& accuracies) {
  VariantResult variant;
  variant.recipe = recipe;
  std::uint64_t seed = 0;
  for (const auto accuracy : accuracies) {
    RunResult run;
    run.recipe = recipe;
    run.seed = seed++;
    run.state = kFinished;
    run.validation = {{"accuracy", accuracy / 2}};
    run.test = {{"accuracy", accuracy}};
    variant.runs.push_back(run);
  }
  return variant;
}

std::string verdict_on(const std::vector<double>& accuracies,
                       const std::vector<double>& of_compact) {
  const auto comparisons = compare_to_compact(
      {variant_of("none", of_compact), variant_of("ck", accuracies)},
      kAccuracy);
  EXPECT_FALSE(comparisons[0]);
  return verdict(comparisons[1].value(), kAccuracy);
}

TEST(Comparisons, AreToldInWords) {
  // Differences of 1, 1, 0 and 2 points: the interval is 1 ± 1.2992.
  const std::vector<double> compact = {0.80, 0.81, 0.83, 0.83};
  EXPECT_EQ(verdict_on({0.81, 0.82, 0.83, 0.85}, compact),
            "+1.00, 95 % from -0.30 to +2.30, n = 4: no clear difference");
  EXPECT_EQ(verdict_on({0.84, 0.85, 0.86, 0.88}, compact),
            "+4.00, 95 % from +2.70 to +5.30, n = 4: better than compact");
  EXPECT_EQ(verdict_on({0.76, 0.77, 0.78, 0.80}, compact),
            "-4.00, 95 % from -5.30 to -2.70, n = 4: worse than compact");
  EXPECT_EQ(verdict_on({0.84, 0.85}, {0.80, 0.80}),
            "+4.50, n = 2: too few seeds for an interval, which takes 3");
}

TEST(Comparisons, PairTheSeedsThatBothHaveFinished) {
  auto compact = variant_of("none", {0.5, 0.6, 0.7, 0.8});
  auto expanded = variant_of("ck", {0.6, 0.7, 0.8, 0.9});
  compact.runs.erase(compact.runs.begin());
  expanded.runs[3].state = "interrupted";
  const auto found = compare_to_compact({expanded, compact}, kAccuracy);
  EXPECT_EQ(found[0]->difference.n, 2);
  EXPECT_NEAR(found[0]->difference.mean, 0.1, 1e-15);
}

TEST(Comparisons, AreOnTheValidationSetWithoutATest) {
  auto compact = variant_of("none", {0.5, 0.6, 0.7});
  auto expanded = variant_of("ck", {0.6, 0.7, 0.8});
  for (auto* variant : {&compact, &expanded}) {
    for (auto& run : variant->runs) run.test.reset();
  }
  const auto found = compare_to_compact({compact, expanded}, kAccuracy);
  EXPECT_EQ(found[1]->set, "validation");
  EXPECT_NEAR(found[1]->difference.mean, 0.05, 1e-15);
}

TEST(Comparisons, OfSeveralAreCorrected) {
  const auto compact = variant_of("none", {0.80, 0.81, 0.83, 0.83});
  const auto ck = variant_of("ck", {0.814, 0.824, 0.834, 0.854});
  const auto cl = variant_of("cl", {0.80, 0.82, 0.83, 0.83});
  const auto alone = compare_to_compact({compact, ck}, kAccuracy);
  EXPECT_FALSE(alone[1]->adjusted);
  EXPECT_TRUE(alone[1]->is_clear());

  const auto both = compare_to_compact({compact, ck, cl}, kAccuracy);
  EXPECT_EQ(both[1]->variants, 2);
  EXPECT_EQ(*both[1]->adjusted, 2 * *both[1]->difference.p);
  EXPECT_GT(*both[1]->adjusted, 0.05);
  EXPECT_FALSE(both[1]->is_clear());
  const auto words = verdict(*both[1], kAccuracy);
  EXPECT_NE(words.find(" by Holm's correction for 2 variants: no clear "
                       "difference"),
            std::string::npos)
      << words;
}

TEST(Comparisons, NeedACompactNet) {
  const auto found = compare_to_compact({variant_of("ck", {0.5})}, kAccuracy);
  EXPECT_FALSE(found[0]);
  EXPECT_EQ(differences_in_words({variant_of("ck", {0.5})}, kAccuracy), "");
}

TEST(Comparisons, StandInTheResults) {
  const std::vector<VariantResult> variants = {
      variant_of("none", {0.80, 0.81, 0.83, 0.83}),
      variant_of("ck", {0.84, 0.85, 0.86, 0.88})};
  const auto object = results_json({}, variants);
  EXPECT_TRUE(object["variants"][0]["difference_to_compact"].is_null());
  const auto& difference = object["variants"][1]["difference_to_compact"];
  EXPECT_EQ(difference["metric"], "test_accuracy");
  EXPECT_EQ(difference["n"], 4);
  EXPECT_NEAR(difference["mean"], 0.04, 1e-15);
  EXPECT_NEAR(difference["low"], 0.027008, 1e-6);
  EXPECT_TRUE(difference["p_holm"].is_null());
  EXPECT_EQ(difference["verdict"],
            "+4.00, 95 % from +2.70 to +5.30, n = 4: better than compact");
  EXPECT_EQ(differences_in_words(variants, kAccuracy),
            "ck minus compact, test accuracy: +4.00, 95 % from +2.70 to +5.30, "
            "n = 4: better than compact\n");
}

}  // namespace
}  // namespace expandnet::examples
