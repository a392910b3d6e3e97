// results.h: what runs have found, for people and for programs.
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
  Tuning tuning;  ///< without trials where there was nothing to choose
};

/// What was run on what, for the head of a report.
struct Occasion {
  std::string title;
  std::string program;
  std::string version;
  std::string device;
  int threads = 1;
  std::string command;
  std::string configuration;  ///< the text of a configuration file
  std::vector<std::string> notes;
  /// Those that are shown, the one that selects first.
  std::vector<tasks::Metric> metrics = {{"accuracy", "accuracy"}};
  std::vector<std::string> class_names;  ///< may be none
};

/// A table of a metric class by class; without a name a class is its number.
std::string classes_table(const tasks::ClassScores& scores,
                          const std::vector<std::string>& names);

/// A metric as people read it: "81.25%", or "0.7312" for what is no share.
std::string shown(const tasks::Metrics& metrics, const tasks::Metric& metric);

/// What the head of a report shows, and files for programs begin with.
nlohmann::ordered_json head_json(const Occasion& occasion);

/// A page with its data in place of "@REPORT_DATA@".
std::string page_with(const char* page, const nlohmann::ordered_json& data);

/// The content of result.json.
nlohmann::ordered_json results_json(const Occasion& occasion,
                                    const std::vector<VariantResult>& variants);

/// The table that ends a comparison: mean ± sample standard deviation (n) of
/// the first metric on both sets, and of the others on the test set.
std::string results_table(const std::vector<VariantResult>& variants,
                          const std::vector<tasks::Metric>& metrics = {
                              {"accuracy", "accuracy"}});

/// A line for each variant that can be compared with the compact net; "" for
/// none.
std::string differences_in_words(const std::vector<VariantResult>& variants,
                                 const tasks::Metric& metric);

/// What each variant was tried with, and the validation metric of each: mean ±
/// sample standard deviation (n), an asterisk at the choice. "" where nothing
/// was chosen.
std::string tuning_table(const std::vector<VariantResult>& variants,
                         const tasks::Metric& metric);

/// A self-contained page with curves, table and configuration.
std::string report_html(const Occasion& occasion,
                        const std::vector<VariantResult>& variants);

}  // namespace expandnet::examples
