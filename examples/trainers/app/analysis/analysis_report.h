// analysis_report.h: what an analysis has found, for people and for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/confusion_log.h"

namespace expandnet::examples {

/// All that is known of a run.
struct AnalyzedResult {
  std::string name;
  std::string variant;
  RunResult result;
  nlohmann::ordered_json analysis;  ///< the content of its AnalysisFile
  std::vector<EpochConfusion> confusion;
};

/// The content of analysis.json. Variants stand in the order of their first
/// run. Of each there are the densities of the cosines of all runs after their
/// last epoch, at "density_at".
nlohmann::ordered_json analysis_json(const Occasion& occasion,
                                     const std::vector<AnalyzedResult>& runs);

/// A self-contained page with tables, curves and maps.
std::string analysis_html(const nlohmann::ordered_json& analysis);

}  // namespace expandnet::examples
