// pull_back.h: the gradient of the compact layer becomes that of its factors.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/fold/fold.h>

#include <vector>

namespace expandnet {

/// Returns dL/dfactors for `grad` = dL/d(weight, bias) of the compact layer:
/// the transpose of `fold`, linearized at the factors from which `folded` was
/// computed. Reuses the partial products of `folded`.
///
///     c = w2 o w1:  dw2[o, m, a] = sum_i sum_b dc[o, i, a+b] w1[m, i, b]
///                   dw1[m, i, b] = sum_o sum_a w2[o, m, a] dc[o, i, a+b]
///
/// Each branch gets the part of the gradient that its kernel covers. Gradients
/// have the shapes and the strides of the factors as the library creates them;
/// those of fixed factors are undefined. An undefined member of `grad` counts
/// as zero; if both are undefined, all gradients are undefined. Keeps no
/// autograd graph of its own, and is itself differentiable.
///
/// Throws `c10::Error` if `grad` does not have the shapes of the compact layer.
[[nodiscard]] EXPANDNET_API std::vector<Affine> pull_back(const Plan& plan,
                                                          const Folded& folded,
                                                          const Affine& grad);

}  // namespace expandnet
