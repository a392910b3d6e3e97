// fine_tuning.h: a net that starts from weights, and what of it stays as it is.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Loads the weights that `settings` name into the net, and freezes what they
/// say; nothing where they say nothing. Returns notes: what the reader of the
/// file did, and that the head has new values.
///
/// The head is the net's last linear layer or, in a net without any, its last
/// convolution. Of another size than the file's it
/// keeps its new values, unless it must be the file's; all else must fit.
///
/// Throws `c10::Error`, the net as it was, for weights of another net, a head
/// that the net does not have, and a pattern that names nothing.
std::vector<std::string> fine_tune(torch::nn::Module& net,
                                   const Settings& settings);

/// Path of the net's last linear layer, or of its last two-dimensional
/// convolution where it has no linear layer; "" for neither.
[[nodiscard]] std::string head_of(const torch::nn::Module& net);

}  // namespace expandnet::examples
