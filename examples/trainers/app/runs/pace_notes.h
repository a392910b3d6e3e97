// pace_notes.h: warns about chains for which the learning rate is high.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/runs/trainable_model.h"
#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// A chain that moves its weight more than this many times as far as a compact
/// layer gets a note.
inline constexpr double kNotablePace = 3;

/// Returns a line about the chain that trains fastest, at its present values:
/// what --lr-chains 0 makes of its rate, or, where --lr-chains is not given,
/// its pace, if that is more than `kNotablePace` and the chains start with the
/// spread of the compact net. Of other starts (the paper's, before BatchNorm)
/// the pace says little, and of optimizers other than sgd nothing.
std::vector<std::string> pace_notes(const TrainableModel& trainable,
                                    const Settings& settings);

}  // namespace expandnet::examples
