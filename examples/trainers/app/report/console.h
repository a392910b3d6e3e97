// console.h: a line for each epoch, and a bar while one waits.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "trainers/app/runs/run.h"

namespace expandnet::examples {

struct ConsoleOptions {
  double work =
      0;  ///< of all runs, in whatever unit; none is left when it is 0
  std::int64_t runs = 1;
  int name_width = 22;  ///< of the column that names runs
  /// Of all that train together; 0: steps are of different work, and the bar
  /// tells no rate.
  std::int64_t images_per_step = 1;
  /// Those that have columns, the one that selects first.
  std::vector<tasks::Metric> metrics = {{"accuracy", "accuracy"}};
  bool speaks = true;  ///< or only pretends to
};

/// Lines on stdout; on a terminal, below them, one bar on stderr for all runs
/// together. May be used by several threads.
class Console {
 public:
  explicit Console(const ConsoleOptions& options);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void line(const std::string& text);
  /// The heads of the columns that `epoch` fills.
  void heading();
  /// The last epoch of a run.
  void epoch(const std::string& run, const train::Training& training);
  /// A line about a run.
  void line(const std::string& run, const std::string& text);
  /// What has come of a run and, of several, when all will be done.
  void result(const std::string& run, const RunResult& result);
  /// Work that had been done already when a run was taken up.
  void skip(double work);
  /// A run that was finished already, and its work.
  void skip_run(double work);
  void step(double work);
  /// " (2:05 left)"; "" as long as nothing is known of it.
  [[nodiscard]] std::string time_left();

 private:
  /// Seconds until all is done, at the speed so far; none as long as nothing is
  /// known of it.
  [[nodiscard]] std::optional<double> seconds_left() const;
  void draw_bar();
  void clear_bar() const;

  std::mutex mutex_;
  ConsoleOptions options_;
  double skipped_ = 0;
  double done_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t ended_ = 0;  ///< runs
  double started_;
  double drawn_ = 0;
  bool terminal_;
};

/// "2:05" or "1:02:05".
[[nodiscard]] std::string duration(double seconds);

/// Tells the console of a run, and keeps its log.jsonl.
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
