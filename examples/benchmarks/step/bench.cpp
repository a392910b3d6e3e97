// expandnet-bench: train the expanded network, pay for the compact one.
//
//     expandnet-bench --device cpu --layout channels_last
//
// times whole training steps of SmallNets on the paper's batch of 128 images.
// In weight space a step takes about 1.1 (3x3 kernels) to 1.25 times (7x7) as
// long as that of the compact net, with chains over feature maps 4 to 9 times.
// So it is on one core of an Intel Xeon, with LibTorch 2.11.0, where this takes
// 52 s. Ratios are the medians of those within each round, and vary by 0.03
// from run to run. Idle threads of OpenMP that spin disturb their neighbours:
// set OMP_WAIT_POLICY=passive for more threads than one.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "benchmarks/step/arguments.h"
#include "benchmarks/step/cases.h"
#include "benchmarks/step/nets.h"
#include "benchmarks/step/step_result.h"
#include "command_line/output_file.h"
#include "command_line/status.h"
#include "measuring/device.h"
#include "measuring/timing.h"

namespace expandnet::examples::bench {

namespace {

/// Enough to warm up a captured step, capture it and replay it.
constexpr int kWarmup = 5;
/// Calls per sample on CUDA, where one would mostly be waited for.
constexpr int kGroup = 10;

TimingOptions timing_options(const Arguments& arguments) {
  return {arguments.iterations, kWarmup,
          arguments.device.is_cuda() ? kGroup : 1};
}

/// Ways that do not start with the same function are not to be compared. Half
/// precision rounds between the factors as well.
void check_losses(const Setup& setup, const std::vector<double>& losses) {
  const auto tolerance = setup.precision == Precision::kFloat32 ? 1e-3 : 3e-2;
  for (const auto loss : losses) {
    TORCH_CHECK(std::abs(loss - losses.front()) <= tolerance * losses.front(),
                error_message("expandnet-bench",
                              c10::str("all executions of ", setup.net,
                                       " must start with one loss"),
                              c10::str(losses.front(), " and ", loss)));
  }
}

/// The largest number of bytes that `run` of a new `Case` needs.
template <typename Case>
std::int64_t peak_of(const Setup& setup, Way way, void (Case::*run)()) {
  return peak_bytes(
      setup.device,
      [&]() -> std::function<void()> {
        const auto one = std::make_shared<Case>(setup, way);
        return [one, run] { ((*one).*run)(); };
      },
      kWarmup);
}

/// Times `run` of `Case`, a Training or an Inference, in all `ways`.
template <typename Case>
std::vector<StepResult> compare(const Setup& setup,
                                const std::vector<Way>& ways,
                                const std::string& phase, void (Case::*run)(),
                                const TimingOptions& options) {
  std::vector<StepResult> rows;
  std::vector<std::shared_ptr<Case>> cases;
  std::vector<std::function<void()>> contestants;
  for (const auto way : ways) {
    StepResult row;
    row.setup = setup;
    row.execution = name_in(kWays, way);
    row.phase = phase;
    row.peak_bytes = peak_of<Case>(setup, way, run);
    rows.push_back(row);
    cases.push_back(std::make_shared<Case>(setup, way));
    contestants.emplace_back([one = cases.back(), run] { ((*one).*run)(); });
  }
  if constexpr (std::is_same_v<Case, Training>) {
    std::vector<double> losses;
    losses.reserve(cases.size());
    for (const auto& one : cases) losses.push_back(one->current_loss());
    check_losses(setup, losses);
  }
  const auto times = time_in_turns(contestants, setup.device, options);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if constexpr (std::is_same_v<Case, Training>) cases[i]->check_mode();
    rows[i].ms = quartiles(times[i]);
    if (ways.front() != Way::kCompact) continue;
    rows[i].ratio_to_compact = median_ratio(times[i], times.front());
  }
  return rows;
}

/// Sets what memory the way in weight space should need, and what it costs by
/// count.
void expect(const Setup& setup, std::vector<StepResult>& rows) {
  constexpr std::int64_t kPerFactor = 3;  // value, gradient, momentum
  if (rows.front().execution != name_in(kWays, Way::kCompact)) return;
  for (auto& row : rows) {
    if (row.execution != name_in(kWays, Way::kWeightSpace)) continue;
    row.expected_bytes =
        *rows.front().peak_bytes + kPerFactor * factor_bytes(setup);
    row.counted_ratio = 1 + counted_cost(setup);
  }
}

/// Times what weight space adds to a step: its parts by themselves, and the
/// matrix products in them, which bound what could be gained.
/// `compact_ms` is the compact net's whole step, or not a number.
std::vector<StepResult> overhead(const Setup& setup, double compact_ms,
                                 const TimingOptions& options) {
  Training training(setup, Way::kWeightSpace);
  for (int i = 0; i < options.warmup; ++i) training.step_in_parts();
  std::vector<double> pull_back, update, fold, products;
  for (int i = 0; i < options.rounds; ++i) {
    const auto parts = training.step_in_parts();
    pull_back.push_back(parts.pull_back);
    update.push_back(parts.update);
    fold.push_back(parts.fold);
    // By itself, as looking for products takes time as well.
    if (setup.device.is_cuda()) continue;
    products.push_back(training.step_for_products());
  }
  std::vector<StepResult> rows;
  for (const auto& [phase, times] :
       {std::pair("pull-back", pull_back), std::pair("update", update),
        std::pair("fold", fold), std::pair("products", products)}) {
    if (times.empty()) continue;
    StepResult row;
    row.setup = setup;
    row.execution = name_in(kWays, Way::kWeightSpace);
    row.phase = phase;
    row.ms = quartiles(times);
    row.ratio_to_compact = row.ms.median / compact_ms;
    rows.push_back(row);
  }
  return rows;
}

/// All that was asked for of one setup.
std::vector<StepResult> measure(const Setup& setup,
                                const Arguments& arguments) {
  const auto options = timing_options(arguments);
  const auto train_ways = ways_to_train(find_net(setup.net), arguments.ways);
  std::vector<StepResult> rows;
  const auto add = [&](const std::vector<StepResult>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  auto compact_ms = std::numeric_limits<double>::quiet_NaN();
  if (arguments.train && !train_ways.empty()) {
    auto training =
        compare(setup, train_ways, "train", &Training::step, options);
    expect(setup, training);
    add(training);
    if (rows.front().execution == "compact")
      compact_ms = rows.front().ms.median;
  }
  // A graph is of a training step.
  if (setup.mode == Mode::kGraph) return rows;
  if (arguments.overhead) add(overhead(setup, compact_ms, options));
  if (arguments.infer) {
    const auto ways = ways_to_infer(train_ways);
    if (!ways.empty()) {
      add(compare(setup, ways, "infer", &Inference::run, options));
    }
  }
  return rows;
}

/// Every combination of what may be given more than once.
std::vector<Setup> setups(const Arguments& arguments) {
  std::vector<Setup> all;
  for (const auto& net : arguments.nets) {
    for (const auto precision : arguments.precisions) {
      for (const auto layout : arguments.layouts) {
        for (const auto mode : arguments.modes) {
          all.push_back({net, arguments.device, precision, layout, mode,
                         arguments.batch, arguments.image_size, arguments.seed,
                         arguments.overlap, arguments.narrow});
        }
      }
    }
  }
  return all;
}

void run(const Arguments& arguments) {
  if (!arguments.json.empty()) check_writable(arguments.json);
  at::set_num_threads(arguments.threads);
  at::globalContext().setBenchmarkCuDNN(true);
  const auto threads = at::get_num_threads();
  print_machine(
      arguments.device,
      fmt::format("{} {}, seed {}", threads,
                  threads == 1 ? "thread" : "threads", arguments.seed));
  std::vector<Row> rows;
  for (const auto& setup : setups(arguments)) {
    train::set_tf32(setup.precision);
    std::cout << heading(setup) << std::flush;
    std::vector<Row> measured;
    for (const auto& result : measure(setup, arguments)) {
      measured.push_back(row_of(result));
    }
    print_table(step_heads(), measured);
    rows.insert(rows.end(), measured.begin(), measured.end());
    // After each, so that an interrupted run leaves what it has.
    write_json(arguments.json, rows);
  }
}

}  // namespace

}  // namespace expandnet::examples::bench

int main(int argc, char** argv) try {
  namespace bench = expandnet::examples::bench;
  const auto parsed = bench::parse(argc, argv);
  if (const auto* status = std::get_if<int>(&parsed)) return *status;
  bench::run(std::get<bench::Arguments>(parsed));
  return 0;
} catch (...) {
  return expandnet::examples::failure_status();
}
