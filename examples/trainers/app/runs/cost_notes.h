// cost_notes.h: warns about chains that are expensive to train.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trainers/app/runs/run_context.h"
#include "trainers/app/runs/trainable_model.h"

namespace expandnet::examples {

/// A chain that costs more than this share of its layer's own step gets a note.
inline constexpr double kNotableCost = 0.1;

/// Returns a line on the layers whose fold and pull back take more
/// multiply-adds than `kNotableCost` of their own steps, with advice to lower
/// them; empty if there is none, and for nets without an Expansion. Runs the
/// net once, on one black image.
std::vector<std::string> cost_notes(const TrainableModel& trainable,
                                    const RunContext& context);

}  // namespace expandnet::examples
