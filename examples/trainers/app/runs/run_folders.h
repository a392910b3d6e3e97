// run_folders.h: the folders that results are written into.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Refuses an `--out` that is not a folder, cannot be made, or holds something
/// else than the run to resume. A comparison goes on without being told, and
/// with other variants or values to choose from: its runs have configurations
/// of their own. Throws `c10::Error`; makes nothing.
void check_out(const Settings& settings, Command command,
               const std::string& configuration);

/// The folder of all results and that of each run. Where nothing was trained in
/// them when it goes, new ones go with it, so that the command can be corrected
/// and run again.
class RunFolders {
 public:
  RunFolders(const Settings& settings, const Machine& machine);
  ~RunFolders();
  RunFolders(const RunFolders&) = delete;
  RunFolders& operator=(const RunFolders&) = delete;

  /// Makes them, with configuration, classes, script, starting weights and what
  /// else is kept of the images. Rank 0 does, for all. May be called again for
  /// more runs.
  void make(const std::string& configuration, const std::vector<RunPlan>& plans,
            const Images& images);
  /// Has them stay, whatever is in them.
  void keep() { kept_ = true; }

 private:
  const Settings& settings_;
  const Machine& machine_;
  bool existed_;
  bool is_new_;
  bool kept_ = false;
};

}  // namespace expandnet::examples
