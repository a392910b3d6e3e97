// spread_notes.h: warns about chains that start with little spread.
#pragma once

#include <torch/nn/module.h>

#include <map>
#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Chains whose folded weight starts with less than this share of its layer's
/// own spread get a note.
inline constexpr double kNotableSpread = 0.5;

/// Root mean squares of weights, by path.
using Spreads = std::map<std::string, double>;

/// Returns those of all weights of a net, except for normalizations.
Spreads spreads_of(const torch::nn::Module& net);

/// Returns a line about the expanded layer that has lost most of its spread, if
/// it has less than `kNotableSpread` of it: such a net learns little before its
/// weights have grown. `before` is the net before it was expanded. BatchNorm
/// makes up for the spread of convolutions, so in a net with BatchNorm only
/// linear layers count. Under another --init than the default the spread is what
/// the user asks for: there is no note.
std::vector<std::string> spread_notes(const Spreads& before,
                                      const torch::nn::Module& expanded,
                                      const Settings& settings);

}  // namespace expandnet::examples
