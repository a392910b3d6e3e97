// no_chains.h: what to do with a file that holds no chain.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// The remedies in the message about weights without a chain. Those for blocks
/// of other systems and for BatchNorms behind layers are among them where the
/// names of the tensors look like such.
std::string remedies_without_chains(const Weights& weights, bool by_shape);

}  // namespace expandnet
