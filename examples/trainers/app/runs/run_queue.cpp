#include "trainers/app/runs/run_queue.h"

#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/read_file.h"
#include "trainers/app/report/results.h"

namespace expandnet::examples {

namespace {

/// At runs that other processes train.
constexpr std::chrono::milliseconds kBetweenLooks{500};

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
  if (!has_ended(result) || (result.state == kDiverged && !plan.shared)) {
    return std::nullopt;
  }
  const auto metric = plan.trainer->metrics().front().name;
  TORCH_CHECK(
      !plan.tunes || result.state == kDiverged ||
          (result.validation && result.validation->find(metric)),
      error_message("--resume", "a result to choose by must have its metric",
                    "no " + metric + " in \"" + result_path(plan) + "\"",
                    "remove it to finish the run again"));
  return result;
}

/// Whether this process may train a run, and its claim to it, which rank 0 has
/// for all.
bool may_train(const RunPlan& plan, const Machine& machine,
               std::unique_ptr<RunClaim>& claim) {
  if (!plan.shared) return true;
  if (machine.is_first()) claim = RunClaim::try_for(plan.folder);
  if (!machine.ranks) return claim != nullptr;
  const std::string word = claim != nullptr ? "mine" : "another's";
  return machine.ranks->broadcast(word) == "mine";
}

}  // namespace

QueuedRun::QueuedRun(std::size_t plan_index, const RunPlan& plan,
                     const RunContext& context, Console& console,
                     std::unique_ptr<RunClaim> the_claim)
    : index(plan_index),
      claim(std::move(the_claim)),
      run(plan, context),
      log(run, console, context.machine.is_first()) {
  run.observe(log);
  if (run.before()) {
    console.line(plan.name(),
                 "starts with validation " +
                     shown(*run.before(), context.trainer.metrics().front()));
  }
  console.skip(static_cast<double>(run.steps_done()) * plan.step_ms);
}

RunQueue::RunQueue(const std::vector<RunPlan>& plans, const RunContext& context,
                   const train::Interrupt& interrupt, Console& console)
    : plans_(plans),
      context_(context),
      interrupt_(interrupt),
      console_(console),
      results_(plans.size()),
      open_(plans.size()) {
  std::iota(open_.begin(), open_.end(), std::size_t{0});
}

std::unique_ptr<QueuedRun> RunQueue::next(bool may_wait) {
  while (true) {
    {
      // Making draws from the global generator: by one thread at a time.
      const std::lock_guard<std::mutex> lock(making_);
      if (auto queued = take()) return queued;
      if (open_.empty() || !may_wait) return nullptr;
      if (!told_of_waiting_) {
        console_.line(fmt::format("waiting for {} that other processes train",
                                  open_.size() == 1
                                      ? "a run"
                                      : fmt::format("{} runs", open_.size())));
      }
      told_of_waiting_ = true;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

/// The first run that nobody has trained or trains, if there is one.
std::unique_ptr<QueuedRun> RunQueue::take() {
  for (auto open = open_.begin(); open != open_.end();) {
    const auto index = *open;
    const auto& plan = plans_[index];
    auto& result = results_[index];
    const auto is_finished = [&] {
      auto finished = finished_before(plan, machine());
      if (!finished) return false;
      result = std::move(*finished);
      console_.skip_run(static_cast<double>(plan.steps) * plan.step_ms);
      console_.line(plan.name(), told_of_waiting_ ? "finished by another"
                                                  : "finished before");
      return true;
    };
    if (is_finished()) {
      open = open_.erase(open);
      continue;
    }
    if (stopping()) {  // not begun
      result.recipe = plan.recipe;
      result.seed = plan.seed;
      result.state = "not begun";
      open = open_.erase(open);
      continue;
    }
    std::unique_ptr<RunClaim> claim;
    if (!may_train(plan, machine(), claim)) {
      ++open;
      continue;
    }
    open = open_.erase(open);
    // Another may have finished it since it was looked at.
    if (plan.shared && is_finished()) continue;
    return std::make_unique<QueuedRun>(index, plan, context_, console_,
                                       std::move(claim));
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
  if (queued.run.finished() || queued.diverged) return false;
  return !(stopping() && queued.run.between_updates());
}

void RunQueue::step(QueuedRun& queued) try {
  queued.run.step();
} catch (const train::Diverged&) {
  // One rank may find it before the others do.
  if (!queued.run.plan().shared || machine().ranks) throw;
  queued.diverged = true;
}

void RunQueue::end(QueuedRun& queued) {
  if (!queued.diverged && !queued.run.finished()) return leave(queued);
  // Verification sets the number of threads for a while.
  const std::lock_guard<std::mutex> lock(making_);
  auto& run = queued.run;
  auto& result = results_[queued.index];
  if (queued.diverged) {
    result = run.result_so_far();
    result.state = kDiverged;
    result.validation.reset();
    const auto left = run.plan().steps - run.steps_done();
    console_.skip(static_cast<double>(left) * run.plan().step_ms);
  } else {
    result = run.finish();
  }
  keep(run, result);
  tell_of_skipped(run);
}

void RunQueue::leave(QueuedRun& queued) {
  queued.run.save();
  tell_of_skipped(queued.run);
  results_[queued.index] = queued.run.result_so_far();
}

void RunQueue::keep(const Run& run, const RunResult& result) {
  if (machine().is_first()) {
    write_file_atomically(result_path(run.plan()), text_of(to_json(result), 2));
  }
  console_.result(run.plan().name(), result);
  if (run.plan().tunes) run.remove_checkpoints();
}

void RunQueue::tell_of_skipped(const Run& run) {
  const auto count = run.keep_skipped();
  if (count == 0) return;
  console_.line(
      run.plan().name(),
      fmt::format(
          "{} {} could not be read and {} left out: {}", count,
          count == 1 ? "image" : "images", count == 1 ? "was" : "were",
          (std::filesystem::path(run.plan().folder) / kSkippedFile).string()));
}

}  // namespace expandnet::examples
