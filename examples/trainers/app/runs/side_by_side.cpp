#include "trainers/app/runs/side_by_side.h"

#include <ATen/Parallel.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <atomic>
#include <deque>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/read_file.h"
#include "trainers/app/report/results.h"

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
    TORCH_CHECK(false, "--resume: the result of a run must be whole, got \"",
                result_path(plan), "\" (", error.what(),
                "); remove it to finish the run again");
  }
  TORCH_CHECK(
      result.recipe == plan.recipe && result.seed == plan.seed,
      "--resume: a result must be of the run in its folder, got one of ",
      result.recipe, " seed ", result.seed, " in \"", result_path(plan),
      "\"; remove it to finish the run again");
  if (result.state != "finished") return std::nullopt;
  return result;
}

/// Steps of the whole run, its twin's too.
std::int64_t steps_in(const RunPlan& plan, const RunContext& context) {
  const auto& settings = context.settings();
  auto epochs = settings.epochs;
  if (context.has_twin(plan.recipe)) {
    epochs += settings.twin_epochs > 0 ? settings.twin_epochs : settings.epochs;
  }
  const auto batches = context.images.run_data(plan.seed).training->size();
  return epochs * (batches - batches % settings.accumulate);
}

/// One run with what watches it.
struct Watched {
  Watched(const RunPlan& plan, const RunContext& context, Console& console)
      : run(plan, context),
        log(run, console, context.machine.is_first()),
        writes(context.machine.is_first()) {
    run.observe(log);
    console.skip(run.steps_done());
  }

  RunResult finish(Console& console) {
    auto result = run.finish();
    if (writes) {
      write_file_atomically(result_path(run.plan()),
                            text_of(to_json(result), 2));
    }
    console.line(fmt::format(
        "{:<22}epoch {} contracted and saved{}", run.plan().name(),
        result.chosen_epoch,
        result.test_accuracy
            ? fmt::format(", test {:.2f}%", 100 * *result.test_accuracy)
            : ""));
    tell_of_skipped(console);
    return result;
  }
  RunResult leave(Console& console) {
    run.save();
    tell_of_skipped(console);
    return run.result_so_far();
  }

  void tell_of_skipped(Console& console) const {
    const auto count = run.keep_skipped();
    if (count == 0) return;
    console.line(fmt::format(
        "{:<22}{} images could not be read and were left out: {}",
        run.plan().name(), count,
        (std::filesystem::path(run.plan().folder) / kSkippedFile).string()));
  }

  Run run;
  RunLog log;
  bool writes;
};

/// The work of all threads.
class Crew {
 public:
  Crew(const std::vector<RunPlan>& plans, const RunContext& context,
       const train::Interrupt& interrupt, Console& console)
      : plans_(plans),
        context_(context),
        machine_(context.machine),
        interrupt_(interrupt),
        console_(console),
        results_(plans.size()) {}

  std::vector<RunResult> train() {
    if (machine_.device.is_cuda()) {
      take_turns();
    } else {
      in_threads();
    }
    return std::move(results_);
  }

 private:
  /// Makes the next run that is not finished yet, and says which it is; null
  /// when there is none. Making draws from the global generator, so it is done
  /// by one thread at a time.
  std::unique_ptr<Watched> next(std::size_t& index) {
    const std::lock_guard<std::mutex> lock(making_);
    for (; next_ < plans_.size(); ++next_) {
      index = next_;
      if (auto result = finished_before(plans_[next_], machine_)) {
        results_[next_] = std::move(*result);
        console_.skip(steps_in(plans_[next_], context_));
        console_.line(
            fmt::format("{:<22}finished before", plans_[next_].name()));
        continue;
      }
      if (stopping()) {  // not begun
        results_[next_].recipe = plans_[next_].recipe;
        results_[next_].seed = plans_[next_].seed;
        results_[next_].state = "not begun";
        continue;
      }
      return std::make_unique<Watched>(plans_[next_++], context_, console_);
    }
    return nullptr;
  }

  /// Whether everything is to stop. Ranks ask each other, once in each step.
  [[nodiscard]] bool stopping() {
    if (!machine_.ranks) return interrupt_.requested() || failed_;
    agreed_to_stop_ =
        agreed_to_stop_ || machine_.ranks->any_before(interrupt_.requested());
    return agreed_to_stop_;
  }

  /// Whether everything is to stop, and this run at a place to be taken up.
  [[nodiscard]] bool may_leave(const Run& run) {
    return stopping() && run.between_updates();
  }

  RunResult end(Watched& watched) {
    if (!watched.run.finished()) return watched.leave(console_);
    // Verification sets the number of threads for a while.
    const std::lock_guard<std::mutex> lock(making_);
    return watched.finish(console_);
  }

  void work() {
    at::set_num_threads(machine_.threads);  // this thread's
    std::size_t index = 0;
    while (const auto watched = next(index)) {
      while (!watched->run.finished() && !may_leave(watched->run)) {
        watched->run.step();
      }
      results_[index] = end(*watched);
    }
  }

  void in_threads() {
    std::exception_ptr failure;
    std::mutex failing;
    const auto attempt = [&](const auto& action) {
      try {
        action();
      } catch (...) {
        const std::lock_guard<std::mutex> lock(failing);
        if (failure == nullptr) failure = std::current_exception();
        failed_ = true;
      }
    };
    std::vector<std::thread> threads;
    attempt([&] {
      for (std::int64_t job = 0; job < machine_.jobs; ++job) {
        threads.emplace_back([&] { attempt([&] { work(); }); });
      }
    });
    for (auto& thread : threads) thread.join();
    if (failure != nullptr) std::rethrow_exception(failure);
  }

  void take_turns() {
    struct Turn {
      std::size_t index;
      std::unique_ptr<Watched> watched;
      c10::Stream stream;
    };
    const c10::impl::VirtualGuardImpl streams(machine_.device.type());
    std::deque<Turn> turns;
    const auto fill = [&] {
      while (turns.size() < static_cast<std::size_t>(machine_.jobs)) {
        std::size_t index = 0;
        // What averages gradients belongs to the stream that it is made on.
        const auto stream =
            machine_.ranks ? streams.getDefaultStream(machine_.device)
                           : streams.getStreamFromGlobalPool(machine_.device);
        auto watched = next(index);
        if (watched == nullptr) return;
        turns.push_back({index, std::move(watched), stream});
      }
    };
    try {
      fill();
      // What has been made on the default stream is there for all others.
      torch::cuda::synchronize(machine_.device.index());
      while (!turns.empty()) {
        auto turn = std::move(turns.front());
        turns.pop_front();
        const c10::StreamGuard guard(turn.stream);
        if (!turn.watched->run.finished() && !may_leave(turn.watched->run)) {
          turn.watched->run.step();
          turns.push_back(std::move(turn));
          continue;
        }
        results_[turn.index] = end(*turn.watched);
        turn.watched.reset();
        const c10::StreamGuard default_stream(
            streams.getDefaultStream(machine_.device));
        fill();
        torch::cuda::synchronize(machine_.device.index());
      }
    } catch (...) {
      for (auto& turn : turns) {
        if (turn.watched->run.between_updates()) turn.watched->leave(console_);
      }
      throw;
    }
  }

  const std::vector<RunPlan>& plans_;
  const RunContext& context_;
  const Machine& machine_;
  const train::Interrupt& interrupt_;
  Console& console_;
  std::vector<RunResult> results_;
  std::mutex making_;
  std::size_t next_ = 0;
  std::atomic<bool> failed_ = false;
  bool agreed_to_stop_ = false;
};

}  // namespace

std::vector<RunResult> train_side_by_side(const std::vector<RunPlan>& plans,
                                          const RunContext& context,
                                          const train::Interrupt& interrupt) {
  const auto& settings = context.settings();
  ConsoleOptions options;
  options.images_per_step = settings.batch_size;
  options.top5 = settings.top5;
  options.speaks = context.machine.is_first();
  for (const auto& plan : plans) {
    options.steps += steps_in(plan, context);
  }
  Console console(options);
  console.heading();
  return Crew(plans, context, interrupt, console).train();
}

}  // namespace expandnet::examples
