// pickle_describe.h: the values of a pickle as text, for messages.
#pragma once

#include <string>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// "torch.FloatStorage", cut off where it is very long.
[[nodiscard]] std::string global_name(const PickleGlobal& global);

/// "None", "a list of 3", "a call of os.system".
[[nodiscard]] std::string describe(const Pickle& pickle, PickleIndex index);

}  // namespace expandnet
