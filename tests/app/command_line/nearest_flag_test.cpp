#include "command_line/nearest_flag.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>

namespace expandnet::examples {
namespace {

std::string nearest(const std::string& word) {
  CLI::App app;
  for (const auto* name : {"--epochs", "--lr", "--lr-last", "--lr-factor",
                           "--label-smoothing", "--overlap,!--no-overlap"}) {
    app.add_flag(name);
  }
  return nearest_flag(app, word);
}

TEST(NearestFlag, IsTwoLettersOrAThirdOfTheWordAway) {
  EXPECT_EQ(nearest("epoch"), "epochs");
  EXPECT_EQ(nearest("epcohs"), "epochs");
  EXPECT_EQ(nearest("lr-lost"), "lr-last");
  EXPECT_EQ(nearest("lrfactor"), "lr-factor");
  EXPECT_EQ(nearest("no-overlay"), "no-overlap");
  EXPECT_EQ(nearest("label_smooth"), "label-smoothing");
  EXPECT_EQ(nearest("smoothing"), "");
  EXPECT_EQ(nearest("milestones"), "");
}

TEST(NearestFlag, HasALetterInCommon) {
  EXPECT_EQ(nearest("la"), "lr");
  EXPECT_EQ(nearest("l"), "");
  EXPECT_EQ(nearest("rl"), "");
  EXPECT_EQ(nearest("x"), "");
  EXPECT_EQ(nearest(""), "");
}

}  // namespace
}  // namespace expandnet::examples
