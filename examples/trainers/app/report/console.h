// console.h: prints a line for each epoch, and a progress bar.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/run.h"

namespace expandnet::examples {

struct ConsoleOptions {
  /// Work of all runs, in any unit; 0: the time left is shown as 0.
  double work = 0;
  std::int64_t runs = 1;
  int name_width = 22;  ///< of the column with the names of runs
  /// Images in a step of all ranks together; 0: steps differ in work, and the
  /// bar shows no rate.
  std::int64_t images_per_step = 1;
  /// The metrics that have columns; the one that selects is first.
  std::vector<tasks::Metric> metrics = {{"accuracy", "accuracy"}};
  bool speaks = true;  ///< whether this rank prints (rank 0 only)
};

/// Prints lines on stdout and, on a terminal, one progress bar for all runs
/// below them on stderr. Thread-safe.
class Console {
 public:
  explicit Console(const ConsoleOptions& options);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void line(const std::string& text);
  /// Prints the heads of the columns that `epoch` fills.
  void heading();
  /// Prints the last epoch of a run.
  void epoch(const std::string& run, const train::Training& training);
  /// Prints a line about a run.
  void line(const std::string& run, const std::string& text);
  /// Prints the result of a run and, if there are several, the remaining time.
  void result(const std::string& run, const RunResult& result);
  /// Counts work that a resumed run had already done.
  void skip(double work);
  /// Counts a run that was already finished, with its work.
  void skip_run(double work);
  void step(double work);
  /// Returns " (2:05 left)"; "" while it is unknown.
  [[nodiscard]] std::string time_left();

 private:
  /// Returns the seconds until all work is done, at the average speed so far;
  /// empty while it is unknown.
  [[nodiscard]] std::optional<double> seconds_left() const;
  void draw_bar();
  void clear_bar() const;

  std::mutex mutex_;
  ConsoleOptions options_;
  double skipped_ = 0;
  double done_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t ended_ = 0;  ///< number of runs
  double started_;
  double drawn_ = 0;
  bool terminal_;
};

/// Returns "2:05" or "1:02:05".
[[nodiscard]] std::string duration(double seconds);

/// Reports a run to the console, and writes its log.jsonl.
class RunLog : public train::Observer {
 public:
  RunLog(const Run& run, Console& console, bool writes)
      : run_(run), console_(console), writes_(writes) {}
  void on_step(const train::Training& training) override;
  void on_epoch(const train::Training& training) override;

 private:
  const Run& run_;
  Console& console_;
  bool writes_;
};

}  // namespace expandnet::examples
