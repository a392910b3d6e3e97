// pytorch_pickle.h: writes the pickle of a state dict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/dtype.h"

namespace expandnet {

/// A packed tensor with a storage of its own.
struct PackedTensor {
  std::string_view name;  ///< UTF-8, below 4 GiB
  FileDtype dtype = FileDtype::kFloat32;
  std::vector<std::int64_t> sizes;
};

/// What torch.save pickles for an OrderedDict of tensors on the CPU, in
/// protocol 2: the storage of tensor i is the record "data/i".
[[nodiscard]] std::string pickle_state_dict(
    const std::vector<PackedTensor>& tensors);

}  // namespace expandnet
