// fine_tuning.h: starts a net from given weights, and freezes parts of it.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Loads the weights that `settings` name into the net, and freezes the
/// parameters that they name; does nothing if they name none. Returns notes:
/// those of the file's reader, and whether the head got new values.
///
/// The head is the net's last linear layer or, in a net without any, its last
/// convolution. If its size differs from the file's, it keeps its new values,
/// unless `settings` demand the file's; everything else must fit.
///
/// Throws `c10::Error`, without changing the net, for weights of another net, a
/// head that the net does not have, and a pattern that matches nothing.
std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings);

/// Returns the path of the net's last linear layer or, if it has none, of its
/// last two-dimensional convolution; "" if it has neither.
[[nodiscard]] std::string head_of(const torch::nn::Module& net);

}  // namespace expandnet::examples
