// analysis_report.h: reports the results of an analysis, as JSON and HTML.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/confusion_log.h"

namespace expandnet::examples {

/// All results of a run.
struct AnalyzedResult {
  std::string name;
  std::string variant;
  RunResult result;
  nlohmann::ordered_json analysis;  ///< content of its AnalysisFile
  std::vector<EpochConfusion> confusion;
};

/// Returns the content of analysis.json. Variants are in the order of their
/// first run. Each variant has the densities of the cosines of all its runs
/// after the last epoch, evaluated at "density_at".
nlohmann::ordered_json analysis_json(const ReportHeader& header,
                                     const std::vector<AnalyzedResult>& runs);

/// Returns a self-contained page with tables, curves and maps.
std::string analysis_html(const nlohmann::ordered_json& analysis);

}  // namespace expandnet::examples
