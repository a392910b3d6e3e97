// cost_notes.h: what the chains of a net cost, said before it is paid.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/trainee.h"

namespace expandnet::examples {

/// Share of a layer's own step above which its chain is worth a note.
inline constexpr double kNotableCost = 0.1;

/// A line for each layer whose fold and pull back count more multiply-adds than
/// `kNotableCost` of its own step, and what lowers them. Runs the net once, on
/// one black image. Nothing for nets without an Expansion.
std::vector<std::string> cost_notes(const Trainee& trainee,
                                    const RunContext& context);

}  // namespace expandnet::examples
