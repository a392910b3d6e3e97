// session_report.h: what a session says of itself, and of what has come of it.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/report/results.h"
#include "trainers/app/runs/choice.h"
#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/run_times.h"
#include "trainers/app/runs/session.h"

namespace expandnet::examples {

/// Says what is going to be done on what.
void introduce(const Trainer& trainer, const Images& images,
               const Machine& machine);

/// The results of `plans`, by the variants of the settings.
[[nodiscard]] std::vector<VariantResult> by_variant(
    const Settings& settings, const std::vector<Tuning>& tunings,
    const std::vector<RunPlan>& plans, const std::vector<RunResult>& runs,
    const TimedKinds& times);

/// "2 of 5 runs of fc diverged; its numbers are those of the others", for each
/// variant of which some did.
[[nodiscard]] std::vector<std::string> warnings_of_divergence(
    const std::vector<RunResult>& results);

/// Writes the results of all runs, and shows them.
void report(const Session& session, const RunContext& context,
            const std::vector<std::string>& notes_of_runs,
            const std::vector<std::string>& warnings,
            const std::vector<VariantResult>& variants);

}  // namespace expandnet::examples
