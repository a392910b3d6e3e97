// expand_in_place.h: a plain network as one of expanded modules.
#pragma once

#include <expandnet/fold/options.h>
#include <expandnet/passes/expand.h>
#include <torch/nn/module.h>

namespace expandnet::examples::bench {

/// Puts an ExpandedConv2d in the place of each Conv2d that `selector` names, to
/// be run as `execution` says. Its factors have the keys that they have in an
/// Expansion, `<path>.chain.<i>.weight`.
///
/// Throws `c10::Error` for another layer that is named, and for one that does
/// not stand in a Sequential: there is no other place where a module can be
/// exchanged from outside.
void expand_in_place(torch::nn::Module& model, const Selector& selector,
                     Execution execution);

}  // namespace expandnet::examples::bench
