// console.h: a line for each epoch, and a bar while one waits.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "trainers/app/runs/run.h"

namespace expandnet::examples {

struct ConsoleOptions {
  std::int64_t steps = 0;            ///< of all runs
  std::int64_t images_per_step = 1;  ///< of all that train together
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
  /// What has come of a run.
  void result(const std::string& run, const RunResult& result);
  /// Steps that a run had done already when it was taken up.
  void skip(std::int64_t steps);
  void step();

 private:
  void draw_bar();
  void clear_bar() const;

  std::mutex mutex_;
  ConsoleOptions options_;
  std::int64_t skipped_ = 0;
  std::int64_t done_ = 0;
  double started_;
  double drawn_ = 0;
  bool terminal_;
};

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
