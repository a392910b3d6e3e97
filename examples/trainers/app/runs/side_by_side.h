// side_by_side.h: several runs at a time.
#pragma once

#include <expandnet/train/interrupt.h>

#include <string>
#include <vector>

#include "trainers/app/report/console.h"
#include "trainers/app/runs/run.h"

namespace expandnet::examples {

/// Trains all runs, `machine.jobs` at a time, and returns their results in the
/// order of the plans. A run that its folder says to be finished is read, not
/// repeated. On the CPU runs have a thread each; on CUDA they take turns, each
/// with its own stream, so that one fills what another leaves idle.
///
/// When interrupted, or when one run fails, the others save their state; what
/// failed is thrown.
std::vector<RunResult> train_side_by_side(const std::vector<RunPlan>& plans,
                                          const RunContext& context,
                                          const train::Interrupt& interrupt);

}  // namespace expandnet::examples
