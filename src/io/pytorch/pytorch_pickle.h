// pytorch_pickle.h: writes the pickle of a state dict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"

namespace expandnet {

/// A contiguous tensor with a storage of its own.
struct PackedTensor {
  std::string_view name;  ///< UTF-8, below 4 GiB
  FileDtype dtype = FileDtype::kFloat32;
  std::vector<std::int64_t> sizes;
};

/// Returns the pickle that torch.save writes for an OrderedDict of CPU tensors,
/// in protocol 2. The storage of tensor i is the record "data/i".
[[nodiscard]] std::string pickle_state_dict(
    const std::vector<PackedTensor>& tensors);

}  // namespace expandnet
