#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <expandnet/analysis/gradient_confusion.h>
#include <expandnet/analysis/measure_confusion.h>
#include <expandnet/train/optimizers.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/utils.h>

#include <cmath>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "testing.h"

namespace expandnet::analysis {
namespace {

using expandnet::testing::error_of;

constexpr std::int64_t kImages = 8;  // in a full batch
/// Two gradients of floats, added up in another order.
constexpr double kTolerance = 1e-5;

/// Batches of points; the last one of an epoch has half of them.
class Points : public data::BatchSource {
 public:
  void start_epoch(std::int64_t epoch) override { epoch_ = epoch; }
  [[nodiscard]] std::int64_t size() const override { return 4; }
  [[nodiscard]] data::Batch batch(std::int64_t index) override {
    const auto number = epoch_ * size() + index;
    asked_.push_back(number);
    const auto images = index == size() - 1 ? kImages / 2 : kImages;
    const auto points = at::arange(images * 6, at::kFloat).view({images, 6});
    return {(points + static_cast<double>(number)).sin(),
            (at::arange(images, at::kLong) + number) % 3};
  }
  [[nodiscard]] const std::vector<std::int64_t>& asked() const {
    return asked_;
  }

 private:
  std::int64_t epoch_ = 0;
  std::vector<std::int64_t> asked_;
};

/// A net with all that a forward pass changes: statistics and random numbers.
struct SomeNet {
  explicit SomeNet(bool expanded, double dropout = 0.5) {
    torch::manual_seed(3);
    net = torch::nn::Sequential(
        torch::nn::Linear(6, 5), torch::nn::BatchNorm1d(5),
        torch::nn::Dropout(dropout), torch::nn::Linear(5, 3));
    model = train::model_of(net);
    if (expanded) {
      expansion =
          std::make_unique<Expansion>(expand(*net, ExpansionOptions().rate(2)));
    }
  }
  at::Tensor loss(const data::Batch& batch) {
    return torch::nn::functional::cross_entropy(net->forward(batch.images),
                                                batch.targets);
  }

  torch::nn::Sequential net{nullptr};
  train::Model model;
  std::unique_ptr<Expansion> expansion;
};

at::Tensor entropy(const data::Tensors& output, const at::Tensor& /*images*/,
                   const data::Tensors& targets) {
  return torch::nn::functional::cross_entropy(output, targets);
}

ConfusionOptions pairs(std::int64_t count, std::int64_t epoch = 0) {
  ConfusionOptions options;
  options.pairs = count;
  options.epoch = epoch;
  return options;
}

TEST(MeasuredConfusion, IsOfTheGradientsOfPairs) {
  SomeNet some(/*expanded=*/true, /*dropout=*/0);
  Points batches;
  const auto confusion = measure_confusion(some.model, some.expansion.get(),
                                           entropy, batches, pairs(2));
  ASSERT_EQ(confusion.model.size(), 2U);
  ASSERT_EQ(confusion.factors.size(), 2U);
  some.net->train();
  // The fourth batch of an epoch is not full.
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected = {{0, 1},
                                                                       {2, 4}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::vector<at::Tensor> of_model, of_factors;
    for (const auto number : {expected[i].first, expected[i].second}) {
      batches.start_epoch(number / batches.size());
      some.expansion->zero_grad();
      some.loss(batches.batch(number % batches.size())).backward();
      some.expansion->pull_back();
      of_model.push_back(gradient_vector(some.net->parameters()));
      of_factors.push_back(gradient_vector(some.expansion->parameters()));
    }
    EXPECT_NEAR(confusion.model[i], cosine(of_model[0], of_model[1]),
                kTolerance);
    EXPECT_NEAR(confusion.factors[i], cosine(of_factors[0], of_factors[1]),
                kTolerance);
    EXPECT_GT(std::abs(confusion.model[i] - confusion.factors[i]), kTolerance);
  }
}

TEST(MeasuredConfusion, TakesOtherBatchesEachTime) {
  SomeNet some(/*expanded=*/false);
  std::set<std::int64_t> all;
  std::size_t count = 0;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    Points batches;
    const auto confusion = measure_confusion(some.model, nullptr, entropy,
                                             batches, pairs(5, epoch));
    EXPECT_EQ(confusion.model.size(), 5U);
    EXPECT_TRUE(confusion.factors.empty());
    all.insert(batches.asked().begin(), batches.asked().end());
    count += batches.asked().size();
  }
  EXPECT_EQ(all.size(), count);
}

std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

void expect_equal(const std::vector<at::Tensor>& now,
                  const std::vector<at::Tensor>& before) {
  ASSERT_EQ(now.size(), before.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    EXPECT_TRUE(now[i].equal(before[i])) << i;
  }
}

TEST(MeasuredConfusion, LeavesNoTrace) {
  for (const bool expanded : {false, true}) {
    SomeNet some(expanded);
    some.net->eval();
    Points own, batches;
    const auto parameters =
        some.expansion ? some.expansion->parameters() : some.net->parameters();
    some.loss(own.batch(0)).backward();
    if (some.expansion) some.expansion->pull_back();
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : parameters) {
      gradients.push_back(parameter.grad());
    }
    const auto gradients_before = copies_of(gradients);
    const auto weights = copies_of(some.net->parameters());
    const auto buffers = copies_of(some.net->buffers());
    const auto random = at::detail::getDefaultCPUGenerator().get_state();

    (void)measure_confusion(some.model, some.expansion.get(), entropy, batches,
                            pairs(3));

    EXPECT_FALSE(some.net->is_training());
    expect_equal(some.net->parameters(), weights);
    expect_equal(some.net->buffers(), buffers);
    expect_equal(gradients, gradients_before);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      EXPECT_TRUE(parameters[i].grad().is_same(gradients[i])) << i;
    }
    EXPECT_TRUE(at::detail::getDefaultCPUGenerator().get_state().equal(random));
  }
}

/// Steps of a run that is measured between them end with the same factors.
TEST(MeasuredConfusion, ChangesNoTraining) {
  const auto train = [](bool measures) {
    SomeNet some(/*expanded=*/true);
    Points own, other;
    train::SGD optimizer(some.expansion->parameters(),
                         torch::optim::SGDOptions(0.1).momentum(0.9));
    for (std::int64_t step = 0; step < 6; ++step) {
      some.expansion->zero_grad();
      some.loss(own.batch(step % 3)).backward();
      some.expansion->step(optimizer);
      if (!measures) continue;
      (void)measure_confusion(some.model, some.expansion.get(), entropy, other,
                              pairs(2, step));
    }
    auto all = copies_of(some.expansion->parameters());
    for (auto& buffer : copies_of(some.net->buffers())) all.push_back(buffer);
    return all;
  };
  expect_equal(train(true), train(false));
}

TEST(MeasuredConfusionErrors, NameTheRuleAndTheValue) {
  SomeNet some(/*expanded=*/false);
  Points batches;
  EXPECT_EQ(error_of([&] {
              (void)measure_confusion(some.model, nullptr, entropy, batches,
                                      pairs(0));
            }),
            "measure_confusion: there must be a pair, got 0");
}

}  // namespace
}  // namespace expandnet::analysis
