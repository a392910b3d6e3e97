// fine_tuning.h: a net that starts from weights, and what of it stays as it is.
#pragma once

#include <expandnet/io/weights.h>
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Loads the weights that `settings` name into the net, and freezes what they
/// say; nothing where they say nothing. The weights are the copy in the run's
/// folder, `settings.out`, where there is one (`keep_start`). Returns notes:
/// what the reader of the file did, and which layer is the head.
///
/// Of another size than the file's the head keeps its new values, unless it
/// must be the file's; all else must fit.
///
/// Throws `c10::Error`, the net as it was, for weights of another net, a head
/// that the net does not have, a pattern that names nothing, and one that names
/// a norm with statistics and without a weight, which would not stay frozen.
std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings);

/// The weights in the file, or the run's folder, that --weights names; chains
/// are contracted.
[[nodiscard]] Weights starting_weights(const FineTuning& tuning);

/// Path of the layer that --head-layer names; else of the net's last linear
/// layer, or of its last two-dimensional convolution where it has no linear
/// layer; "" for neither. Throws `c10::Error` where the flag names no layer.
[[nodiscard]] std::string head_of(torch::nn::Module& net,
                                  const FineTuning& tuning);

}  // namespace expandnet::examples
