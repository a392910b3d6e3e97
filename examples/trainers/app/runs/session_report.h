// session_report.h: prints the beginning of a session, and reports its results.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/runs/choice.h"
#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/run_times.h"
#include "trainers/app/runs/session.h"

namespace expandnet::examples {

/// Prints what is going to be trained, on which images and which machine.
void introduce(const Trainer& trainer, const Images& images,
               const Machine& machine);

/// Returns the results of `plans`, grouped by the variants of the settings.
[[nodiscard]] std::vector<VariantResult> by_variant(
    const Settings& settings, const std::vector<Tuning>& tunings,
    const std::vector<RunPlan>& plans, const std::vector<RunResult>& runs,
    const TimedKinds& times);

/// Whether there are runs, and none that did not diverge.
[[nodiscard]] bool all_diverged(const std::vector<RunResult>& results);

/// Returns "2 of 5 runs of fc diverged; its numbers are those of the others",
/// or "5 of 5 runs of fc diverged; it has no numbers", for each variant with
/// runs that diverged.
[[nodiscard]] std::vector<std::string> warnings_of_divergence(
    const std::vector<RunResult>& results);

/// Writes and prints the results of all runs.
void report(const Session& session, const RunContext& context,
            const std::vector<std::string>& notes_of_runs,
            const std::vector<std::string>& warnings,
            const std::vector<VariantResult>& variants);

}  // namespace expandnet::examples
