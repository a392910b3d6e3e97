// metrics.h: the results of an evaluation, by name.
//
// A task (classification, detection, ...) defines the names of its metrics. The
// training loop, checkpoints, logs and reports only pass them on, so that a new
// metric only changes its task. Needs no LibTorch.
#pragma once

#include <expandnet/base/export.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace expandnet::tasks {

/// The names of a metric.
struct Metric {
  std::string name;   ///< name in files: "accuracy"
  std::string label;  ///< name in tables and logs: "top-5"
  bool share = true;  ///< goes from 0 to 1 and is shown in percent
};

/// Numbers by name, in the order in which they were first set.
///
///     Metrics metrics = {{"loss", 0.7}, {"accuracy", 0.81}};
///     metrics.at("accuracy");
class EXPANDNET_API Metrics {
 public:
  using Entry = std::pair<std::string, double>;

  Metrics() = default;
  Metrics(std::initializer_list<Entry> entries);

  /// Adds a number, or replaces the one with this name.
  void set(const std::string& name, double value);
  [[nodiscard]] std::optional<double> find(const std::string& name) const;
  /// Throws `c10::Error`, which lists the known names, for an unknown name.
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
