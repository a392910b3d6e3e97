// check_pickle.h: what must hold of every pickle that the reader takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pickle_value.h"
#include "io/pytorch/pytorch_state_dict.h"
#include "io/pytorch/pytorch_tensor_info.h"

namespace expandnet::fuzz {

inline const std::string kWhere = "\"fuzz.pt\"";

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline void check_values(const Pickle& pickle, std::size_t size) {
  const auto count = pickle.values.size();
  require(pickle.root < count && count <= size);
  std::size_t items = 0;
  const auto check_items = [&](const std::vector<PickleIndex>& indices) {
    for (const auto index : indices) require(index < count);
    items += indices.size();
  };
  for (PickleIndex i = 0; i < count; ++i) {
    require(!describe(pickle, i).empty());
    if (const auto* tuple = pickle.get<PickleTuple>(i)) {
      check_items(tuple->items);
    } else if (const auto* list = pickle.get<PickleList>(i)) {
      check_items(list->items);
    } else if (const auto* dict = pickle.get<PickleDict>(i)) {
      for (const auto& [key, value] : dict->items) check_items({key, value});
    } else if (const auto* call = pickle.get<PickleCall>(i)) {
      require(call->callable < i && call->arguments < i);
      require(!call->state || *call->state < count);
      require(!call->others || *call->others < count);
    } else if (const auto* outside = pickle.get<PicklePersistent>(i)) {
      require(outside->id < i);
    }
  }
  require(items <= size);  // an instruction put each on the stack
}

inline void check_tensor(const PyTorchTensorInfo& info) {
  require(info.sizes.size() == info.strides.size());
  __extension__ typedef __int128 Wide;  // no product of two overflows it
  Wide last = info.offset;
  for (std::size_t i = 0; i < info.sizes.size(); ++i) {
    require(info.sizes[i] >= 0 && info.strides[i] >= 0);
    if (info.sizes[i] == 0) return;
    last += Wide(info.sizes[i] - 1) * info.strides[i];
  }
  const auto bytes = static_cast<std::int64_t>(info_of(info.dtype).bytes);
  require((last + 1) * bytes <= info.storage_bytes);
}

inline void check_state_dict(const Pickle& pickle, const std::string& key) {
  try {
    for (const auto& entry : find_state_dict(kWhere, pickle, key).entries) {
      check_tensor(pytorch_tensor_info(kWhere, pickle, entry.value));
    }
  } catch (const std::runtime_error&) {
    return;
  }
}

}  // namespace expandnet::fuzz
