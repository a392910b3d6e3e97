// analyzed_run.h: the runs that an analysis is about.
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
  std::string name;     ///< that no other has: "compact-seed0"
  std::string variant;  ///< what tells it from runs that are not alike: "ck+fc"
  std::shared_ptr<Trainer> trainer;  ///< with the settings of the run
  RunResult result;
};

/// The runs in these folders; that of a comparison stands for its finished
/// runs. Those that differ in nothing but their seeds have one variant, which
/// is named after what differs.
///
/// Throws `c10::Error` for a folder of no run or named twice, a comparison
/// without a finished run, and a run that is not finished.
std::vector<AnalyzedRun> analyzed_runs(const Trainer& prototype,
                                       const std::vector<std::string>& folders);

/// Whether two runs see the same images, so that one need not load them again.
bool have_same_images(const AnalyzedRun& a, const AnalyzedRun& b);

}  // namespace expandnet::examples
