// run_result.h: the result of a run, and its file.
#pragma once

#include <expandnet/passes/report.h>
#include <expandnet/tasks/class_scores.h>
#include <expandnet/train/epoch_record.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The states of runs that will not be trained any more.
inline constexpr const char* kFinished = "finished";
inline constexpr const char* kDiverged = "diverged";

/// The result of a run, or the state so far of one that is not finished.
struct RunResult {
  std::string recipe;
  std::uint64_t seed = 0;
  std::string state;  ///< "finished", "diverged", "interrupted", "not begun"
  std::int64_t train_parameters = 0;  ///< of the expansion that was asked for
  /// Number of these that narrowing keeps; absent: all.
  std::optional<std::int64_t> kept_parameters;
  std::int64_t deploy_parameters = 0;
  std::int64_t chosen_epoch = 0;
  std::optional<tasks::Metrics> validation;  ///< of the chosen epoch
  /// Of the contracted net with the weights of the chosen epoch; evaluated
  /// once.
  std::optional<tasks::Metrics> test;
  /// The same in eight bits, if requested.
  std::optional<tasks::Metrics> int8;
  /// Of the test set, for each class, if the task provides it.
  std::optional<tasks::ClassScores> classes;
  std::vector<LayerReport> layers;
  std::vector<train::EpochRecord> epochs;

  /// Returns the largest error of all layers, in fp64; empty if nothing was
  /// expanded.
  [[nodiscard]] std::optional<double> contraction_error() const;
};

nlohmann::ordered_json to_json(const train::EpochRecord& record);
nlohmann::ordered_json to_json(const LayerReport& layer);
nlohmann::ordered_json to_json(const tasks::ClassScores& scores);
nlohmann::ordered_json to_json(const RunResult& result);

/// Whether a run will not be trained any more.
inline bool has_ended(const RunResult& result) {
  return result.state == kFinished || result.state == kDiverged;
}
[[nodiscard]] bool all_ended(const std::vector<RunResult>& results);

/// Returns the text of an object whose strings may be any bytes: those that are
/// not UTF-8, for example in a path, are replaced. `indent` is that of
/// nlohmann-json; -1: one line.
std::string text_of(const nlohmann::ordered_json& object, int indent = -1);

/// Reads what `to_json` returned. Throws `std::runtime_error` for any other
/// text.
RunResult read_run_result(const std::string& text);

}  // namespace expandnet::examples
