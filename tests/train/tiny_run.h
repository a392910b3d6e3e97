// tiny_run.h: a run whose checkpoint is small enough to be kept.
#pragma once

#include <expandnet/data/loading/batch_source.h>
#include <expandnet/passes/expand.h>
#include <expandnet/train/optimizers.h>
#include <expandnet/train/training.h>
#include <torch/nn/modules/linear.h>
#include <torch/torch.h>

#include <utility>

namespace expandnet::testing {

/// Three batches of eight points in six dimensions, of three classes.
class TinyBatches : public data::BatchSource {
 public:
  [[nodiscard]] std::int64_t size() const override { return 3; }
  void start_epoch(std::int64_t /*epoch*/) override {}
  data::Batch batch(std::int64_t index) override {
    const auto points = torch::arange(48, at::kFloat).view({8, 6});
    const auto labels = (torch::arange(8) + index) % 3;
    return {(points + static_cast<double>(index)).sin(), labels};
  }
};

/// Two linear layers, the first a chain beside them, trained from one seed.
class TinyRun {
 public:
  TinyRun() {
    torch::manual_seed(1);
    first_ = net_->register_module("first", torch::nn::Linear(6, 4));
    last_ = net_->register_module("last", torch::nn::Linear(4, 3));
    expansion_ =
        std::make_unique<Expansion>(expand(*net_, ExpansionOptions().rate(1)));
    optimizer_ = std::make_unique<train::SGD>(
        expansion_->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
    train::TrainingOptions options;
    options.epochs = 4;
    train::TrainingParts parts;
    parts.model = {net_, [this](const torch::Tensor& points) {
                     return last_->forward(first_->forward(points).relu());
                   }};
    parts.optimizer = optimizer_.get();
    parts.expansion = expansion_.get();
    parts.training = &training_batches_;
    parts.validation = &validation_batches_;
    training_ = std::make_unique<train::Training>(parts, options);
  }

  train::Training& operator*() { return *training_; }
  train::Training* operator->() { return training_.get(); }
  [[nodiscard]] std::vector<at::Tensor> factors() const {
    return expansion_->parameters();
  }

 private:
  std::shared_ptr<torch::nn::Module> net_ =
      std::make_shared<torch::nn::Module>();
  torch::nn::Linear first_{nullptr}, last_{nullptr};
  TinyBatches training_batches_, validation_batches_;
  std::unique_ptr<Expansion> expansion_;
  std::unique_ptr<train::SGD> optimizer_;
  std::unique_ptr<train::Training> training_;
};

}  // namespace expandnet::testing
