// A task whose model answers twice, whose targets are two, and whose metric is
// a rank of all that was evaluated.
#include <expandnet/train/evaluate.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "testing.h"
#include "train/median_meter.h"

namespace expandnet::testing {
namespace {

/// Points, twice and thrice of which is asked for, in two batches.
class TwoTargets : public data::BatchSource {
 public:
  [[nodiscard]] std::int64_t size() const override { return 2; }
  void start_epoch(std::int64_t /*epoch*/) override {}
  data::Batch batch(std::int64_t index) override {
    const auto points =
        (torch::arange(4, at::kFloat) + 4.0 * static_cast<double>(index))
            .unsqueeze(1) /
        8;
    return {points, std::vector<at::Tensor>{2 * points, 3 * points}};
  }
};

/// A linear layer of two outputs, one for each target.
struct TwoHeads {
  TwoHeads() {
    torch::manual_seed(3);
    net = torch::nn::Linear(1, 2);
    model = {net.ptr(), [this](const torch::Tensor& points) -> data::Tensors {
               const auto out = net->forward(points);
               return std::vector<at::Tensor>{out.narrow(1, 0, 1),
                                              out.narrow(1, 1, 1)};
             }};
  }
  torch::nn::Linear net{nullptr};
  train::Model model;
};

tasks::Task two_regressions() {
  tasks::Task task;
  task.loss = [](const data::Tensors& output, const at::Tensor& /*points*/,
                 const data::Tensors& targets) {
    return at::mse_loss(output.all()[0], targets.all()[0]) +
           at::mse_loss(output.all()[1], targets.all()[1]);
  };
  task.meter = [](c10::Device device) {
    return std::make_unique<MedianMeter>(device);
  };
  task.training_meter = [](c10::Device device) {
    return std::make_unique<LossMeter>(device);
  };
  return task;
}

TEST(Tasks, OfSeveralOutputsAndTargetsAreTrained) {
  TwoHeads heads;
  train::SGD optimizer(heads.net->parameters(), torch::optim::SGDOptions(0.1));
  TwoTargets training_set, validation_set;
  train::TrainingParts parts;
  parts.model = heads.model;
  parts.optimizer = &optimizer;
  parts.training = &training_set;
  parts.validation = &validation_set;
  parts.task = two_regressions();
  train::TrainingOptions options;
  options.epochs = 200;
  train::Training training(parts, options);

  while (!training.finished()) training.step();

  const auto& last = training.history().back();
  EXPECT_EQ(last.training.find("median"), std::nullopt);
  EXPECT_LT(last.validation->at("loss"), 1e-3);
  EXPECT_LT(last.training.at("loss"),
            training.history().front().training.at("loss"));
  // The best is that of the highest median, which is no loss.
  double highest = 0;
  std::int64_t epoch = 0;
  for (const auto& record : training.history()) {
    if (epoch > 0 && record.validation->at("median") <= highest) continue;
    highest = record.validation->at("median");
    epoch = record.epoch;
  }
  EXPECT_EQ(training.best_epoch(), epoch);
}

TEST(Evaluate, RanksTheRowsOfAllBatches) {
  TwoHeads heads;
  TwoTargets set;
  MedianMeter meter(at::kCPU);
  const auto metrics = train::evaluate(heads.model, set, meter);
  const auto out =
      heads.net->forward(torch::arange(8, at::kFloat).unsqueeze(1) / 8);
  EXPECT_NEAR(metrics.at("median"), out.select(1, 0).median().item<double>(),
              1e-6);
  // Again, not twice as many.
  EXPECT_EQ(train::evaluate(heads.model, set, meter), metrics);
  EXPECT_EQ(meter.rows().size(0), 8);
}

}  // namespace
}  // namespace expandnet::testing
