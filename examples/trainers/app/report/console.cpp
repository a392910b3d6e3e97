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

/// Nine columns wide; shares in percent. Some metrics are not counted on the
/// batches that are trained on.
std::string column(const std::optional<tasks::Metrics>& metrics,
                   const tasks::Metric& metric) {
  const bool is_known = metrics && metrics->find(metric.name);
  return fmt::format("{:>9}", is_known ? shown(*metrics, metric) : "-");
}

}  // namespace

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0));
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600,
                                    whole / 60 % 60, whole % 60);
}

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

void Console::line(const std::string& run, const std::string& text) {
  line(fmt::format("{:<{}}{}", run, options_.name_width, text));
}

void Console::skip(double work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  skipped_ += work;
}

void Console::skip_run(double work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  skipped_ += work;
  ++ended_;
}

std::optional<double> Console::seconds_left() const {
  if (done_ <= 0) return std::nullopt;
  const auto left = std::max(0.0, options_.work - skipped_ - done_);
  return (seconds_now() - started_) * left / done_;
}

std::string Console::time_left() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto left = seconds_left();
  return left ? fmt::format(" ({} left)", duration(*left)) : "";
}

void Console::step(double work) {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_ += work;
  ++steps_;
  if (!terminal_ || seconds_now() - drawn_ < kSecondsBetweenBars) return;
  draw_bar();
}

void Console::draw_bar() {
  drawn_ = seconds_now();
  const auto elapsed = drawn_ - started_;
  const auto share = std::min(1.0, (skipped_ + done_) / options_.work);
  const auto filled = std::min(
      kBarWidth,
      static_cast<std::int64_t>(share * static_cast<double>(kBarWidth)));
  const auto images = static_cast<double>(steps_ * options_.images_per_step);
  const auto rate = options_.images_per_step == 0
                        ? std::string()
                        : fmt::format("{:.0f} images/s  ", images / elapsed);
  std::cerr << fmt::format("\r\033[K[{:#<{}}{:.<{}}] {:3.0f} %  {}{} left", "",
                           filled, "", kBarWidth - filled, 100 * share, rate,
                           duration(seconds_left().value_or(0)))
            << std::flush;
}

void Console::heading() {
  auto text = fmt::format("{:<{}}{:>9}{:>10}{:>9}{:>9}{:>9}{:>9}", "run",
                          options_.name_width, "epoch", "lr", "loss", "train",
                          "loss", "valid");
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
      fmt::format("{:<{}}{:>9}{:>10.3g}", run, options_.name_width,
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
  const auto& metric = options_.metrics.front();
  auto text = fmt::format("epoch {}", result.chosen_epoch);
  if (result.state == kDiverged) {
    text = "diverged";
  } else if (result.deploy_parameters > 0) {
    text += " contracted and saved";
    if (result.test) text += ", test " + shown(*result.test, metric);
  } else if (result.validation) {
    text += ", validation " + shown(*result.validation, metric);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++ended_;
    const auto left = seconds_left();
    if (left && ended_ < options_.runs) {
      text += fmt::format(" ({} of {} runs, {} left)", ended_, options_.runs,
                          duration(*left));
    }
  }
  line(run, text);
}

void RunLog::on_step(const train::Training& /*training*/) {
  console_.step(run_.plan().step_ms);
}

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
