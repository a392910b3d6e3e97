#include <expandnet/tasks/metrics.h>
#include <gtest/gtest.h>

#include "testing.h"

namespace expandnet::tasks {
namespace {

using expandnet::testing::error_of;

TEST(Metrics, KeepTheOrderInWhichTheyCame) {
  Metrics metrics = {{"loss", 1}, {"accuracy", 0.5}};
  metrics.set("top5", 0.9);
  metrics.set("loss", 2);
  std::string names;
  for (const auto& [name, value] : metrics) names += name + " ";
  EXPECT_EQ(names, "loss accuracy top5 ");
  EXPECT_EQ(metrics.at("loss"), 2);
  EXPECT_FALSE(metrics.find("mean_iou").has_value());
}

TEST(Metrics, NameWhatThereIs) {
  const Metrics metrics = {{"loss", 1}, {"accuracy", 0.5}};
  EXPECT_EQ(error_of([&] { (void)metrics.at("map"); }),
            "Metrics: \"map\" must be one of the metrics, got only loss, "
            "accuracy");
  EXPECT_EQ(error_of([] { (void)Metrics{}.at("map"); }),
            "Metrics: \"map\" must be one of the metrics, got none");
}

}  // namespace
}  // namespace expandnet::tasks
