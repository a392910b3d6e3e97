// run_folders.h: the folders for results.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/machine.h"
#include "trainers/app/runs/run.h"
#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Checks `--out`: it must be a folder that is empty or can be made, or that
/// holds the run to resume. A comparison also continues without --resume, even
/// with other variants or values to choose from, because its runs have
/// configurations of their own. Throws `c10::Error`; makes nothing.
void check_out(const Settings& settings, Command command,
               const std::string& configuration);

/// Throws `c10::Error` for a run that goes on with other images, or other
/// values that are made of them, than its folder says. Before a checkpoint is loaded,
/// which does not fit them.
void check_kept_files(const std::vector<RunPlan>& plans, const Images& images);

/// The folder of all results and the folder of each run. If nothing has been
/// trained in them, the destructor removes new ones, so that the command can be
/// corrected and run again.
class RunFolders {
 public:
  RunFolders(const Settings& settings, const Machine& machine);
  ~RunFolders();
  RunFolders(const RunFolders&) = delete;
  RunFolders& operator=(const RunFolders&) = delete;

  /// Makes the folders, with configuration, classes, script, starting weights
  /// and the other files about the images. Rank 0 does it for all ranks. May be
  /// called again for more runs.
  void make(const std::string& configuration, const std::vector<RunPlan>& plans,
            const Images& images);
  /// Keeps the folders on destruction, whatever they contain.
  void keep() { kept_ = true; }

 private:
  const Settings& settings_;
  const Machine& machine_;
  bool existed_;
  bool is_new_;
  bool kept_ = false;
};

}  // namespace expandnet::examples
