// metrics.h: what an evaluation counts, by name.
//
// A task (classification, detection, ...) names its metrics; the training loop,
// checkpoints, logs and reports only pass them on, so that a new metric is a
// change in its task and nowhere else. Needs no LibTorch.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::tasks {

/// How a metric is called.
struct Metric {
  std::string name;   ///< in files: "accuracy"
  std::string label;  ///< in tables and logs for people: "top-5"
  bool share = true;  ///< from 0 to 1, shown in percent
};

/// Numbers by name, in the order in which they were first set.
///
///     Metrics metrics = {{"loss", 0.7}, {"accuracy", 0.81}};
///     metrics.at("accuracy");
class Metrics {
 public:
  using Entry = std::pair<std::string, double>;

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries);

  /// Adds a number, or replaces the one of this name.
  void set(const std::string& name, double value);
  [[nodiscard]] std::optional<double> find(const std::string& name) const;
  /// Throws `c10::Error` that lists the names where there is none of this one.
  [[nodiscard]] double at(const std::string& name) const;

  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// Whether names, order and numbers are the same.
  [[nodiscard]] bool operator==(const Metrics& other) const {
    return entries_ == other.entries_;
  }

 private:
  std::vector<Entry> entries_;
};

}  // namespace expandnet::tasks
