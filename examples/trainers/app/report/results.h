// results.h: reports the results of runs, as tables, JSON and HTML.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/grid.h"

namespace expandnet::examples {

/// All runs of one recipe.
struct VariantResult {
  std::string recipe;
  double step_ms = 0;           ///< median
  double ratio_to_compact = 0;  ///< 0: compact was not timed
  std::vector<RunResult> runs;  ///< in the order of their seeds
  Tuning tuning;                ///< has no trials if there was no choice
};

/// The circumstances of the runs, for the head of a report.
struct ReportHeader {
  std::string title;
  std::string program;
  std::string version;
  std::string device;
  int threads = 1;
  std::string command;
  std::string configuration;  ///< content of a configuration file
  std::vector<std::string> notes;
  /// The metrics that are shown; the one that selects is first.
  std::vector<tasks::Metric> metrics = {{"accuracy", "accuracy"}};
  std::vector<std::string> class_names;  ///< may be empty
};

/// Returns a table of a metric for each class; a class without a name is shown
/// by its number.
std::string classes_table(const tasks::ClassScores& scores,
                          const std::vector<std::string>& names);

/// Formats a metric: "81.25%" for a share, else "0.7312".
std::string shown(const tasks::Metrics& metrics, const tasks::Metric& metric);

/// Returns the data for the head of a report, which other JSON files start
/// with.
nlohmann::ordered_json head_json(const ReportHeader& header);

/// Returns the page with `data` in place of "@REPORT_DATA@".
std::string page_with(const char* page, const nlohmann::ordered_json& data);

/// Returns the content of result.json.
nlohmann::ordered_json results_json(const ReportHeader& header,
                                    const std::vector<VariantResult>& variants);

/// Returns the table at the end of a comparison: mean ± sample standard
/// deviation (n) of the first metric on both sets, and of the other metrics on
/// the test set.
std::string results_table(const std::vector<VariantResult>& variants,
                          const std::vector<tasks::Metric>& metrics = {
                              {"accuracy", "accuracy"}});

/// Returns a line for each variant that can be compared with the compact net;
/// "" if there is none.
std::string differences_in_words(const std::vector<VariantResult>& variants,
                                 const tasks::Metric& metric);

/// Returns the values that were tried for each variant, and the validation
/// metric of each: mean ± sample standard deviation (n), with an asterisk at
/// the choice. "" if there was no choice.
std::string tuning_table(const std::vector<VariantResult>& variants,
                         const tasks::Metric& metric);

/// Returns a self-contained page with curves, table and configuration.
std::string report_html(const ReportHeader& header,
                        const std::vector<VariantResult>& variants);

}  // namespace expandnet::examples
