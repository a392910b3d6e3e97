// console.h: a line for each epoch, and a bar while one waits.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "trainer/run.h"

namespace expandnet::examples {

/// Lines on stdout; on a terminal, below them, one bar on stderr for all runs
/// together. May be used by several threads.
class Console {
 public:
  /// `steps` are those of all runs.
  explicit Console(std::int64_t steps);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void line(const std::string& text);
  /// Steps that a run had done already when it was taken up.
  void skip(std::int64_t steps);
  void step();

 private:
  void draw_bar();
  void clear_bar() const;

  std::mutex mutex_;
  std::int64_t steps_;
  std::int64_t skipped_ = 0;
  std::int64_t done_ = 0;
  double started_;
  double drawn_ = 0;
  bool terminal_;
};

/// The heads of the columns that `epoch_line` fills.
std::string epoch_heading();
std::string epoch_line(const std::string& run, const train::Training& training);

/// Tells the console of a run, and keeps its log.jsonl.
class RunLog : public train::Observer {
 public:
  RunLog(const Run& run, Console& console) : run_(run), console_(console) {}
  void on_step(const train::Training& training) override;
  void on_epoch(const train::Training& training) override;

 private:
  const Run& run_;
  Console& console_;
};

}  // namespace expandnet::examples
