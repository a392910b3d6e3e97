// Training with narrowed chains: the run is that of the wide ones.
#include <c10/core/DefaultDtype.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/serialize.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

/// Some forty steps amplify the rounding of fp64 some hundred times.
constexpr double kSame = 1e-10;
constexpr std::int64_t kBatches = 6;

/// Points in twelve dimensions, of three classes, in fp64.
class ExactBatches : public data::BatchSource {
 public:
  [[nodiscard]] std::int64_t size() const override { return kBatches; }
  void start_epoch(std::int64_t /*epoch*/) override {}
  data::Batch batch(std::int64_t index) override {
    const auto points = torch::arange(96, at::kDouble).view({8, 12});
    return {(0.37 * points + static_cast<double>(index)).sin(),
            (torch::arange(8) + index) % 3};
  }
};

/// A linear layer whose chain narrows, and the logits; from one seed.
class ExactRun {
 public:
  explicit ExactRun(bool narrow) {
    // Narrowed in fp64, too.
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(at::kDouble));
    torch::manual_seed(1);
    first_ = net_->register_module("first", torch::nn::Linear(12, 6));
    last_ = net_->register_module("last", torch::nn::Linear(6, 3));
    expansion_ = std::make_unique<Expansion>(expand(
        *net_, ExpansionOptions(Strategy::kFC).widths({60, 7}).narrow(narrow)));
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(at::kFloat));
    optimizer_ = std::make_unique<train::SGD>(
        expansion_->parameters(),
        torch::optim::SGDOptions(0.1).momentum(0.9).nesterov(true).weight_decay(
            1e-3));
    train::TrainingOptions options;
    options.epochs = 6;
    options.select = train::Select::kLast;
    options.ema = 0.9;
    options.step.max_grad_norm = 0.5;
    options.step.accumulate = 2;
    options.schedule = train::cosine_schedule(6, 0.1);
    train::TrainingParts parts;
    parts.model = {net_, [this](const torch::Tensor& points) {
                     return last_->forward(first_->forward(points).relu());
                   }};
    parts.optimizer = optimizer_.get();
    parts.expansion = expansion_.get();
    parts.training = &batches_;
    training_ = std::make_unique<train::Training>(parts, options);
  }

  train::Training* operator->() { return training_.get(); }
  void finish() {
    while (!training_->finished()) training_->step();
  }
  [[nodiscard]] std::vector<at::Tensor> weights() const {
    std::vector<at::Tensor> copies;
    for (const auto& weight : net_->parameters()) {
      copies.push_back(weight.detach().clone());
    }
    return copies;
  }
  /// The moving average of the weights.
  [[nodiscard]] std::vector<at::Tensor> averages() const {
    training_->average()->swap();
    auto copies = weights();
    training_->average()->swap();
    return copies;
  }
  Expansion& expansion() { return *expansion_; }

 private:
  std::shared_ptr<torch::nn::Module> net_ =
      std::make_shared<torch::nn::Module>();
  torch::nn::Linear first_{nullptr}, last_{nullptr};
  ExactBatches batches_;
  std::unique_ptr<Expansion> expansion_;
  std::unique_ptr<train::SGD> optimizer_;
  std::unique_ptr<train::Training> training_;
};

void expect_close(const std::vector<at::Tensor>& actual,
                  const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_LE(relative_error(actual[i], expected[i]), kSame) << i;
  }
}

std::string saved(ExactRun& run) {
  std::stringstream file;
  torch::serialize::OutputArchive archive;
  run->save(archive);
  archive.save_to(file);
  return file.str();
}

void load(ExactRun& run, const std::string& text) {
  std::istringstream file(text);
  torch::serialize::InputArchive archive;
  archive.load_from(file);
  run->load(archive);
}

// Momentum, decay, clipping, accumulation and a schedule; and what is evaluated
// is the moving average.
TEST(TrainingNarrowed, IsThatOfTheWideChain) {
  ExactRun wide(false);
  ExactRun narrow(true);
  ASSERT_TRUE(narrow.expansion().summary().total().kept_parameters.has_value());

  wide.finish();
  narrow.finish();

  expect_close(narrow.weights(), wide.weights());
  expect_close(narrow.averages(), wide.averages());
}

TEST(TrainingNarrowed, GoesOnToTheSameBits) {
  ExactRun straight(true);
  straight.finish();
  for (const int steps : {2, 6, 14}) {
    std::string file;
    {
      ExactRun left(true);
      for (int i = 0; i < steps; ++i) left->step();
      file = saved(left);
    }
    ExactRun resumed(true);
    load(resumed, file);
    resumed.finish();

    const auto expected = straight.expansion().parameters();
    const auto actual = resumed.expansion().parameters();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(actual[i].equal(expected[i])) << steps << " steps, " << i;
    }
  }
}

TEST(TrainingNarrowed, DoesNotGoOnWithWideFactors) {
  ExactRun wide(false);
  ExactRun narrow(true);
  for (int i = 0; i < 2; ++i) wide->step();

  EXPECT_EQ(error_of([&] { load(narrow, saved(wide)); }),
            "load: a factor must be [20, 12], got [60, 12] at "
            "\"first.chain.0.weight\"; expand the model as the saved one was");
}

TEST(TrainingNarrowed, KnowsWhatAStepCosts) {
  ExactRun run(true);
  run->step();

  const auto rows = run.expansion().summary().rows;

  // W3 (W2 W1) of 12 -> 20 -> 7 -> 6, and 8 rows of 6 12; three times each.
  EXPECT_EQ(rows[0].chain_step_multiply_adds, 3 * (7 * 20 * 12 + 6 * 7 * 12));
  EXPECT_EQ(rows[0].compact_step_multiply_adds, 3 * 8 * 6 * 12);
  EXPECT_EQ(rows[1].compact_step_multiply_adds, 3 * 8 * 3 * 6);
}

}  // namespace
}  // namespace expandnet::testing
