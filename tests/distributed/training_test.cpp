// Training by ranks: they start alike, stay alike, and stop where they are not.
#include <c10/core/DefaultDtype.h>
#include <expandnet/data/loading/batches.h>
#include <expandnet/models/small_net.h>
#include <expandnet/models/small_net_recipes.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/evaluate.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <string>
#include <vector>

#include "distributed/team.h"
#include "testing.h"
#include "train/median_meter.h"

namespace expandnet::testing {
namespace {

/// Of the chains; narrow and wide ones are compared in fp64.
enum class Width { kAsEver, kWide, kNarrow };

/// Two steps of two images in an epoch, in weight space, from another seed and
/// on other images on each rank.
class SharedRun {
 public:
  explicit SharedRun(distributed::ProcessGroup& ranks,
                     Width width = Width::kAsEver, double rate = 0.01)
      : net_(seeded(ranks.rank(), width)),
        expansion_(expand(*net_, models::small_net_recipe(
                                     "cl+fc", ExpansionOptions().narrow(
                                                  width == Width::kNarrow)))),
        optimizer_(expansion_.parameters(),
                   torch::optim::SGDOptions(rate).momentum(0.9).weight_decay(
                       width == Width::kAsEver ? 0 : 1e-3)),
        batches_(torch::randint(256, {4, 3, 32, 32}, at::kByte),
                 torch::arange(4), options_of_batches()),
        training_(parts(), options_of(ranks)) {}

  void finish() {
    while (!training_.finished()) training_.step();
  }
  Expansion& expansion() { return expansion_; }

 private:
  static models::SmallNet seeded(int rank, Width width) {
    torch::manual_seed(rank);
    if (width != Width::kAsEver) {  // narrowed in fp64, too
      c10::set_default_dtype(c10::scalarTypeToTypeMeta(at::kDouble));
    }
    return models::SmallNet(models::SmallNetOptions().kernel_size(3));
  }
  static data::BatchOptions options_of_batches() {
    data::BatchOptions options;
    options.batch_size = 2;
    return options;
  }
  static train::TrainingOptions options_of(distributed::ProcessGroup& ranks) {
    train::TrainingOptions options;
    options.epochs = 2;
    options.select = train::Select::kLast;
    options.ranks = &ranks;
    return options;
  }
  train::TrainingParts parts() {
    train::TrainingParts parts;
    parts.model = {net_.ptr(), [this](const torch::Tensor& images) {
                     return net_->forward(
                         images.to(net_->parameters().front().scalar_type()));
                   }};
    parts.optimizer = &optimizer_;
    parts.expansion = &expansion_;
    parts.training = &batches_;
    return parts;
  }

  models::SmallNet net_;
  Expansion expansion_;
  train::SGD optimizer_;
  data::Batches batches_;
  train::Training training_;
};

const Role kTrainsAlike("trains alike", [](distributed::ProcessGroup& ranks) {
  SharedRun run(ranks);
  run.finish();
  const auto factors = run.expansion().named_parameters();
  ranks.check_identical(factors.keys(), factors.values());
});

TEST(TrainingByRanks, KeepsTheFactorsTheSameFromAnyStart) {
  Team team("trains alike");
  expect_success(team);
}

const Role kTrainsAtOneRate(
    "trains at one rate", [](distributed::ProcessGroup& ranks) {
      SharedRun run(ranks, Width::kAsEver, 0.01 * (1 + ranks.rank()));
      run.finish();
      const auto factors = run.expansion().named_parameters();
      ranks.check_identical(factors.keys(), factors.values());
    });

TEST(TrainingByRanks, TakesTheRatesOfTheFirst) {
  Team team("trains at one rate");
  expect_success(team);
}

const Role kDrifts("drifts", [](distributed::ProcessGroup& ranks) {
  SharedRun run(ranks);
  if (ranks.rank() == 1) {
    const torch::NoGradGuard no_grad;
    run.expansion().named_parameters()["conv2.chain.0.weight"].mul_(1.001);
    run.expansion().fold();
  }
  run.finish();
});

// Momentum, decay and what ranks average, in fp64, of the same images.
const Role kTrainsNarrow("trains narrow", [](distributed::ProcessGroup& ranks) {
  SharedRun wide(ranks, Width::kWide);
  SharedRun narrow(ranks, Width::kNarrow);
  TORCH_CHECK(narrow.expansion().summary().total().kept_parameters,
              "nothing was narrowed");
  wide.finish();
  narrow.finish();
  const auto expected = wide.expansion().model().named_parameters();
  for (const auto& item : narrow.expansion().model().named_parameters()) {
    const auto error = relative_error(item.value(), expected[item.key()]);
    TORCH_CHECK(error <= 1e-10, item.key(), " differs by ", error);
  }
});

TEST(TrainingByRanks, OfNarrowedChainsIsThatOfWideOnes) {
  Team team("trains narrow");
  expect_success(team);
}

TEST(TrainingByRanks, StopsAndNamesTheFactorAndTheRankThatDiffer) {
  Team team("drifts");
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err,
              "ranks: conv2.chain.0.weight must have the same bits on all, got "
              "others on rank 1 than on rank 0; start all of them again, from "
              "the last checkpoint");
  }
}

/// Rank r has r + 1 batches, of numbers that no other rank has.
class OwnNumbers : public data::BatchSource {
 public:
  explicit OwnNumbers(int rank) : rank_(rank) {}
  [[nodiscard]] std::int64_t size() const override { return rank_ + 1; }
  void start_epoch(std::int64_t /*epoch*/) override {}
  data::Batch batch(std::int64_t index) override {
    const auto numbers = torch::arange(2, at::kFloat).unsqueeze(1) +
                         static_cast<double>(10 * rank_ + 2 * index);
    return {numbers, std::vector<at::Tensor>{numbers, numbers}};
  }

 private:
  int rank_;
};

const Role kRanksTheRows(
    "ranks the rows of all", [](distributed::ProcessGroup& ranks) {
      const auto nothing = std::make_shared<torch::nn::Module>();
      const train::Model model = {
          nothing, [](const torch::Tensor& numbers) -> data::Tensors {
            return std::vector<at::Tensor>{numbers, numbers};
          }};
      OwnNumbers numbers(ranks.rank());
      MedianMeter meter(at::kCPU);
      const auto metrics = train::evaluate(model, numbers, meter,
                                           train::Precision::kFloat32, &ranks);
      // Of 0, 1 by rank 0 and 10, 11, 12, 13 by rank 1.
      TORCH_CHECK(meter.rows().flatten().equal(
                      torch::tensor({0., 1., 10., 11., 12., 13.}, at::kDouble)),
                  meter.rows());
      TORCH_CHECK(metrics.at("median") == 10, metrics.at("median"));
    });

TEST(EvaluationByRanks, PutsTheRowsOfAllTogether) {
  Team team("ranks the rows of all");
  expect_success(team);
}

}  // namespace
}  // namespace expandnet::testing
