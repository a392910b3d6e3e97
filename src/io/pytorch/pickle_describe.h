// pickle_describe.h: describes the values of a pickle in messages.
#pragma once

#include <string>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Returns "torch.FloatStorage"; truncated if it is very long.
[[nodiscard]] std::string global_name(const PickleGlobal& global);

/// Returns "None", "a list of 3", "a call of os.system".
[[nodiscard]] std::string describe(const Pickle& pickle, PickleIndex index);

}  // namespace expandnet
