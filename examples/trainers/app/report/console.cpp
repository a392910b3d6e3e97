#include "trainers/app/report/console.h"

#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "trainers/app/report/results.h"

namespace expandnet::examples {

namespace {

constexpr double kSecondsBetweenBars = 0.1;
constexpr std::int64_t kBarWidth = 30;

double seconds_now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600,
                                    whole / 60 % 60, whole % 60);
}

/// Nine columns wide; shares in percent.
std::string column(const std::optional<tasks::Metrics>& metrics,
                   const tasks::Metric& metric) {
  return fmt::format("{:>9}", metrics ? shown(*metrics, metric) : "-");
}

}  // namespace

Console::Console(const ConsoleOptions& options)
    : options_(options),
      started_(seconds_now()),
      terminal_(options.speaks && ::isatty(STDERR_FILENO) != 0) {}

Console::~Console() { clear_bar(); }

void Console::clear_bar() const {
  if (terminal_) std::cerr << "\r\033[K" << std::flush;
}

void Console::line(const std::string& text) {
  if (!options_.speaks) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  clear_bar();
  std::cout << text << std::endl;
}

void Console::skip(std::int64_t steps) {
  const std::lock_guard<std::mutex> lock(mutex_);
  skipped_ += steps;
}

void Console::step() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++done_;
  if (!terminal_ || seconds_now() - drawn_ < kSecondsBetweenBars) return;
  draw_bar();
}

void Console::draw_bar() {
  drawn_ = seconds_now();
  const auto elapsed = drawn_ - started_;
  const auto left = options_.steps - skipped_ - done_;
  const auto share = static_cast<double>(skipped_ + done_) /
                     static_cast<double>(options_.steps);
  const auto filled = std::min(
      kBarWidth,
      static_cast<std::int64_t>(share * static_cast<double>(kBarWidth)));
  const auto rate = static_cast<double>(done_) / elapsed;
  std::cerr << fmt::format(
                   "\r\033[K[{:#<{}}{:.<{}}] {:3.0f} %  {:.0f} images/s  {} "
                   "left",
                   "", filled, "", kBarWidth - filled, 100 * share,
                   rate * static_cast<double>(options_.images_per_step),
                   duration(static_cast<double>(left) / rate))
            << std::flush;
}

void Console::heading() {
  auto text = fmt::format("{:<22}{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}", "run",
                          "epoch", "lr", "loss", "train", "loss", "valid");
  for (std::size_t i = 1; i < options_.metrics.size(); ++i) {
    text += fmt::format("{:>9}", options_.metrics[i].label);
  }
  line(text + fmt::format("{:>9}", "seconds"));
}

void Console::epoch(const std::string& run, const train::Training& training) {
  const auto& record = training.history().back();
  const tasks::Metric loss{"loss", "loss", /*share=*/false};
  const auto& selecting = options_.metrics.front();
  auto text =
      fmt::format("{:<22}{:>9}{:>10.3g}", run,
                  fmt::format("{}/{}", record.epoch, training.options().epochs),
                  record.learning_rate);
  text += column(record.training, loss) + column(record.training, selecting) +
          column(record.validation, loss);
  for (const auto& metric : options_.metrics) {
    text += column(record.validation, metric);
  }
  text += fmt::format("{:>9.2f}", record.seconds);
  if (training.options().select == train::Select::kBestTest && record.test) {
    text += "  test " + shown(*record.test, selecting);
  }
  line(text);
}

void Console::result(const std::string& run, const RunResult& result) {
  auto text = fmt::format("{:<22}epoch {} contracted and saved", run,
                          result.chosen_epoch);
  if (result.test) {
    text += ", test " + shown(*result.test, options_.metrics.front());
  }
  line(text);
}

void RunLog::on_step(const train::Training& /*training*/) { console_.step(); }

void RunLog::on_epoch(const train::Training& training) {
  const auto name = run_.plan().name() + (run_.trains_twin() ? " twin" : "");
  console_.epoch(name, training);
  if (run_.trains_twin() || !writes_) return;
  // Written anew, so that it says what the checkpoint does, whatever happens.
  std::string log;
  for (const auto& record : training.history()) {
    log += text_of(to_json(record)) + "\n";
  }
  write_file_atomically(
      (std::filesystem::path(run_.plan().folder) / kLogFile).string(), log);
}

}  // namespace expandnet::examples
