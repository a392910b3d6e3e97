// below_autograd.h: a fold is mostly views, and autograd follows each.
#pragma once

#include <ATen/core/LegacyTypeDispatch.h>

namespace expandnet {

/// Keeps autograd out: it records nothing, keeps no track of views, and counts
/// no versions. So what is written to must be memory that nothing saves for a
/// backward pass.
using BelowAutograd = at::AutoDispatchBelowADInplaceOrView;

}  // namespace expandnet
