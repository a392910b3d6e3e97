#include "trainers/app/runs/grid.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace expandnet::examples {
namespace {

const Grid kGrid = {{0.01, 0.1}, {0, 1e-4, 1e-3}, {2, 4}};

Settings settings_of(const Grid& grid) {
  Settings settings;
  settings.grid = grid;
  return settings;
}

TEST(Grids, HaveEachCombinationOnce) {
  const auto settings = settings_of(kGrid);
  const auto cells = cells_of(settings, "ck+fc");
  ASSERT_EQ(cells.size(), 12U);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(cells[i] == cells[j]);
  }
  EXPECT_EQ(in_words(values_of(cells[11], settings, "ck+fc")),
            "lr 0.1, weight-decay 0.001, rate 4");
}

TEST(Grids, HaveNoRateWhereNoChainHasOne) {
  auto settings = settings_of(kGrid);
  for (const auto* recipe : {"none", "orepa", "acb", "rep"}) {
    const auto cells = cells_of(settings, recipe);
    EXPECT_EQ(cells.size(), 6U);
    EXPECT_EQ(in_words(values_of(cells[0], settings, recipe)),
              "lr 0.01, weight-decay 0");
  }
  for (const auto* recipe : {"cl", "orepa+fc", "rep+fc", "cl+skip", "ck+rep"}) {
    EXPECT_EQ(cells_of(settings, recipe).size(), 12U) << recipe;
  }
  settings.strategy = {"conv1=cl"};
  EXPECT_EQ(cells_of(settings, "rep").size(), 12U);
  EXPECT_EQ(cells_of(settings, "none").size(), 6U);
}

TEST(Grids, OfOneValueEachLeaveNothingToChoose) {
  const auto settings = settings_of({{0.01}, {0}, {4}});
  EXPECT_FALSE(has_choice(settings.grid));
  EXPECT_EQ(cells_of(settings, "cl").size(), 1U);
  EXPECT_EQ(in_words(values_of({0.01, 0, 4}, settings, "cl")), "");
  EXPECT_TRUE(has_choice(kGrid));
}

/// Trials of learning rates.
std::vector<Trial> trials_of(
    const std::vector<std::vector<std::optional<double>>>& scores) {
  std::vector<Trial> trials;
  double lr = 0.01;
  for (const auto& of_one : scores) {
    trials.push_back({{lr, 0, 4}, {{"lr", lr}}, of_one});
    lr *= 2;
  }
  return trials;
}

TEST(Tunings, ChooseTheHighestMeanOfEqualsTheFirst) {
  EXPECT_EQ(best_of(trials_of({{0.5, 0.9}, {0.8, 0.8}, {0.8, 0.8}})), 1U);
  EXPECT_EQ(best_of(trials_of({{0.5}})), 0U);
}

TEST(Tunings, PassOverWhatDiverged) {
  // The mean of what is left would be the highest.
  EXPECT_EQ(best_of(trials_of({{0.5, 0.5}, {0.9, std::nullopt}})), 0U);
  EXPECT_FALSE(best_of(trials_of({{std::nullopt}, {std::nullopt}})));
  EXPECT_FALSE(best_of({}));
}

TEST(Tunings, WarnOfAChoiceOnTheEdge) {
  const auto warnings = [](std::vector<Trial> trials) {
    Tuning tuning;
    tuning.trials = std::move(trials);
    tuning.chosen = best_of(tuning.trials);
    return edge_warnings(tuning);
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(warnings(trials_of({{0.5}, {0.6}, {0.5}})), Lines());
  EXPECT_EQ(warnings(trials_of({{0.7}, {0.6}, {0.5}})),
            (Lines{"the best lr, 0.01, is the smallest that was tried; try "
                   "smaller ones"}));
  EXPECT_EQ(warnings(trials_of({{0.5}, {0.6}, {0.7}})),
            (Lines{"the best lr, 0.04, is the largest that was tried; try "
                   "larger ones"}));
  EXPECT_EQ(warnings(trials_of({{0.5}, {0.5}, {0.5}})),
            (Lines{"all values did alike; train for longer, or validate on "
                   "more images, to choose by more than their order"}));
  // The order has chosen, not the edge.
  EXPECT_EQ(warnings(trials_of({{0.5}, {0.5}, {std::nullopt}})), Lines());
  // One that diverged is still beyond the edge.
  EXPECT_EQ(warnings(trials_of({{0.5}, {0.6}, {std::nullopt}})), Lines());
  EXPECT_EQ(warnings(trials_of({{std::nullopt}})), Lines());
}

TEST(Tunings, WarnOfOneValueWhereAnotherMakesNoDifference) {
  Tuning tuning;
  for (const double lr : {0.02, 0.1}) {
    for (const double rate : {2., 4.}) {
      tuning.trials.push_back(
          {{lr, 0, rate}, {{"lr", lr}, {"rate", rate}}, {0.5 - lr}});
    }
  }
  tuning.chosen = best_of(tuning.trials);
  EXPECT_EQ(edge_warnings(tuning),
            (std::vector<std::string>{
                "the best lr, 0.02, is the smallest that was tried; try "
                "smaller ones"}));
}

TEST(Tunings, NeedNoWeightDecayBelowNone) {
  Tuning tuning;
  tuning.trials = {{{}, {{"weight-decay", 0}}, {0.6}},
                   {{}, {{"weight-decay", 1e-4}}, {0.5}}};
  tuning.chosen = 0;
  EXPECT_TRUE(edge_warnings(tuning).empty());
}

}  // namespace
}  // namespace expandnet::examples
