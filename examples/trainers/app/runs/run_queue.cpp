#include "trainers/app/runs/run_queue.h"

#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"

namespace expandnet::examples {

namespace {

std::string result_path(const RunPlan& plan) {
  return (std::filesystem::path(plan.folder) / kRunResultFile).string();
}

/// What an earlier session has finished; nothing if it has not.
std::optional<RunResult> finished_before(const RunPlan& plan,
                                         const Machine& machine) {
  std::string content;
  if (machine.is_first()) {
    const auto path = result_path(plan);
    if (std::filesystem::exists(path)) content = read_file(path);
  }
  if (machine.ranks) content = machine.ranks->broadcast(content);
  if (content.empty()) return std::nullopt;
  RunResult result;
  try {
    result = read_run_result(content);
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(
        false,
        error_message("--resume", "the result of a run must be whole",
                      "\"" + result_path(plan) + "\" (" + error.what() + ")",
                      "remove it to finish the run again"));
  }
  TORCH_CHECK(
      result.recipe == plan.recipe && result.seed == plan.seed,
      error_message("--resume", "a result must be of the run in its folder",
                    fmt::format("one of {} seed {} in \"{}\"", result.recipe,
                                result.seed, result_path(plan)),
                    "remove it to finish the run again"));
  if (result.state != "finished") return std::nullopt;
  return result;
}

}  // namespace

std::int64_t steps_in(const RunPlan& plan, const RunContext& context) {
  const auto& settings = context.settings();
  auto epochs = settings.epochs;
  if (context.has_twin(plan.recipe)) {
    epochs += settings.twin_epochs > 0 ? settings.twin_epochs : settings.epochs;
  }
  const auto batches = context.images.run_data(plan.seed).training->size();
  return epochs * (batches - batches % settings.accumulate);
}

QueuedRun::QueuedRun(std::size_t plan_index, const RunPlan& plan,
                     const RunContext& context, Console& console)
    : index(plan_index),
      run(plan, context),
      log(run, console, context.machine.is_first()) {
  run.observe(log);
  console.skip(run.steps_done());
}

RunQueue::RunQueue(const std::vector<RunPlan>& plans, const RunContext& context,
                   const train::Interrupt& interrupt, Console& console)
    : plans_(plans),
      context_(context),
      interrupt_(interrupt),
      console_(console),
      results_(plans.size()) {}

std::unique_ptr<QueuedRun> RunQueue::next() {
  // Making draws from the global generator: by one thread at a time.
  const std::lock_guard<std::mutex> lock(making_);
  for (; next_ < plans_.size(); ++next_) {
    const auto& plan = plans_[next_];
    if (auto result = finished_before(plan, machine())) {
      results_[next_] = std::move(*result);
      console_.skip(steps_in(plan, context_));
      console_.line(fmt::format("{:<22}finished before", plan.name()));
      continue;
    }
    if (stopping()) {  // not begun
      results_[next_].recipe = plan.recipe;
      results_[next_].seed = plan.seed;
      results_[next_].state = "not begun";
      continue;
    }
    auto queued = std::make_unique<QueuedRun>(next_, plan, context_, console_);
    ++next_;
    return queued;
  }
  return nullptr;
}

/// Ranks ask each other, once in each step.
bool RunQueue::stopping() {
  const auto& ranks = machine().ranks;
  if (!ranks) return interrupt_.requested() || stopped_;
  agreed_to_stop_ =
      agreed_to_stop_ || ranks->any_before(interrupt_.requested());
  return agreed_to_stop_;
}

bool RunQueue::goes_on(const QueuedRun& queued) {
  if (queued.run.finished()) return false;
  return !(stopping() && queued.run.between_updates());
}

void RunQueue::end(QueuedRun& queued) {
  if (!queued.run.finished()) return leave(queued);
  // Verification sets the number of threads for a while.
  const std::lock_guard<std::mutex> lock(making_);
  results_[queued.index] = finish(queued.run);
  tell_of_skipped(queued.run);
}

void RunQueue::leave(QueuedRun& queued) {
  queued.run.save();
  tell_of_skipped(queued.run);
  results_[queued.index] = queued.run.result_so_far();
}

RunResult RunQueue::finish(Run& run) {
  auto result = run.finish();
  if (machine().is_first()) {
    write_file_atomically(result_path(run.plan()), text_of(to_json(result), 2));
  }
  console_.result(run.plan().name(), result);
  return result;
}

void RunQueue::tell_of_skipped(const Run& run) {
  const auto count = run.keep_skipped();
  if (count == 0) return;
  console_.line(fmt::format(
      "{:<22}{} images could not be read and were left out: {}",
      run.plan().name(), count,
      (std::filesystem::path(run.plan().folder) / kSkippedFile).string()));
}

}  // namespace expandnet::examples
