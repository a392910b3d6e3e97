// analyzed_run.h: the runs to analyze.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainers/app/report/run_result.h"
#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

struct AnalyzedRun {
  std::string folder;
  std::string name;     ///< unique: "compact-seed0"
  std::string variant;  ///< how it differs from other runs: "ck+fc"
  std::shared_ptr<Trainer> trainer;  ///< has the settings of the run
  RunResult result;
};

struct AnalyzedRuns {
  std::vector<AnalyzedRun> runs;
  std::vector<std::string> notes;  ///< finished runs that are left out
};

/// Returns the runs in these folders; the folder of a comparison contributes
/// its finished runs that have their weights. Runs that differ only in their
/// seeds have the same variant, which is named after the settings that differ
/// between variants.
///
/// Throws `c10::Error` for a folder without a run or named twice, a comparison
/// without such a run, and a run that is not finished or has no weights.
AnalyzedRuns analyzed_runs(const Trainer& prototype,
                           const std::vector<std::string>& folders);

/// Whether two runs use the same images, so that they need not be loaded again.
bool have_same_images(const AnalyzedRun& a, const AnalyzedRun& b);

}  // namespace expandnet::examples
