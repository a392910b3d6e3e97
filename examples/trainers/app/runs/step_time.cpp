#include "trainers/app/runs/step_time.h"

#include <torch/utils.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "measuring/timing.h"
#include "trainers/app/runs/training_options.h"

namespace expandnet::examples {

namespace {

/// One batch for ever.
class SameBatch : public data::BatchSource {
 public:
  explicit SameBatch(data::Batch batch) : batch_(std::move(batch)) {}
  void start_epoch(std::int64_t /*epoch*/) override {}
  [[nodiscard]] std::int64_t size() const override {
    return std::numeric_limits<std::int32_t>::max();
  }
  [[nodiscard]] data::Batch batch(std::int64_t /*index*/) override {
    return batch_;
  }

 private:
  data::Batch batch_;
};

/// A net that trains on it.
struct Contestant {
  Contestant(TrainableModel the_trainable, SameBatch the_batch,
             const Settings& settings, train::TrainingOptions options,
             const RunContext& context)
      : trainable(std::move(the_trainable)),
        batch(std::move(the_batch)),
        optimizer(make_optimizer(settings, trainable)),
        training(
            [&] {
              train::TrainingParts parts;
              parts.model = trainable.model;
              parts.optimizer = optimizer.get();
              parts.expansion = trainable.expansion.get();
              parts.training = &batch;
              parts.task = context.task;
              return parts;
            }(),
            std::move(options)) {}

  TrainableModel trainable;
  SameBatch batch;
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  train::Training training;
};

}  // namespace

bool operator==(const StepKind& a, const StepKind& b) {
  return a.recipe == b.recipe && (a.recipe == "none" || a.rate == b.rate);
}

StepKind kind_of(const RunPlan& plan) { return {plan.recipe, plan.cell.rate}; }

std::vector<RunPlan> one_of_each_kind(const std::vector<RunPlan>& plans) {
  std::vector<RunPlan> kinds;
  for (const auto& plan : plans) {
    const bool is_known = std::any_of(
        kinds.begin(), kinds.end(),
        [&](const RunPlan& known) { return kind_of(known) == kind_of(plan); });
    if (!is_known) kinds.push_back(plan);
  }
  return kinds;
}

std::vector<StepTime> time_steps(const std::vector<RunPlan>& plans,
                                 const RunContext& context,
                                 const train::Interrupt& interrupt) {
  const auto& machine = context.machine;
  auto slow = context.settings();
  slow.lr = 1e-6;  // what a step costs does not depend on where it leads
  auto options = training_options(slow, machine);
  options.select = train::Select::kLast;
  std::vector<std::unique_ptr<Contestant>> contestants;
  std::vector<std::function<void()>> steps;
  for (const auto& plan : plans) {
    if (interrupt.requested()) return std::vector<StepTime>(plans.size());
    torch::manual_seed(slow.seed);
    contestants.push_back(std::make_unique<Contestant>(
        plan.trainer->make_trainable(plan.recipe, context.images.classes(),
                                     machine),
        SameBatch(context.images.run_data(slow.seed).training->batch(0)), slow,
        options, context));
    auto& training = contestants.back()->training;
    steps.emplace_back([&training] { training.step(); });
  }
  TimingOptions timing;
  timing.rounds = 20;
  timing.warmup = 5;
  timing.seconds = 30;
  timing.stop = [&interrupt] { return interrupt.requested(); };
  timing.group = machine.device.is_cuda() ? 10 : 1;
  const auto times = time_in_turns(steps, machine.device, timing);

  const auto compact =
      std::find_if(plans.begin(), plans.end(),
                   [](const RunPlan& plan) { return plan.recipe == "none"; }) -
      plans.begin();
  const bool has_compact = static_cast<std::size_t>(compact) < plans.size();
  std::vector<StepTime> result;
  for (const auto& of_one : times) {
    StepTime time;
    if (of_one.empty()) {
      result.push_back(time);
      continue;
    }
    time.ms = quartiles(of_one).median;
    if (has_compact) {
      time.ratio_to_compact =
          median_ratio(of_one, times[static_cast<std::size_t>(compact)]);
    }
    result.push_back(time);
  }
  return result;
}

}  // namespace expandnet::examples
