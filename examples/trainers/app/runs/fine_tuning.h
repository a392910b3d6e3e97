// fine_tuning.h: starts a net from given weights, and freezes parts of it.
#pragma once

#include <expandnet/io/weights.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Loads the weights that `settings` name into the net, and freezes the
/// parameters that they name; does nothing if they name none. If the run's
/// folder, `settings.out`, has a copy of the weights (`keep_start`), that is
/// loaded. Returns notes: those of the file's reader, and which layer is the
/// head.
///
/// If the head's size differs from the file's, it keeps its new values, unless
/// `settings` demand the file's; everything else must fit.
///
/// Throws `c10::Error`, without changing the net, for weights of another net, a
/// head that the net does not have, a pattern that matches nothing, and one
/// that matches a norm with statistics and without a weight, which would not
/// stay frozen.
std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings);

/// Reads the weights in the file, or the run's folder, that --weights names;
/// chains are contracted.
[[nodiscard]] Weights starting_weights(const FineTuning& tuning);

/// Returns the path of the layer that --head-layer names, else of the net's
/// last linear layer or, if it has none, of its last two-dimensional
/// convolution; "" if it has neither. Throws `c10::Error` if the flag names no
/// layer.
[[nodiscard]] std::string head_of(torch::nn::Module& net,
                                  const FineTuning& tuning);

}  // namespace expandnet::examples
