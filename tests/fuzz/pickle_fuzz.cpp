// The pickle reader takes any bytes: it gives values that refer to each other
// only, tensors that lie in their storages, or throws std::runtime_error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "io/pytorch/pickle.h"
#include "io/pytorch/pickle_describe.h"
#include "io/pytorch/pytorch_state_dict.h"
#include "io/pytorch/pytorch_tensor_info.h"

namespace {

using namespace expandnet;

const std::string kWhere = "\"fuzz.pt\"";

void require(bool condition) {
  if (!condition) std::abort();
}

void check_values(const Pickle& pickle, std::size_t size) {
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
    } else if (const auto* outside = pickle.get<PicklePersistent>(i)) {
      require(outside->id < i);
    }
  }
  require(items <= size);  // an instruction put each on the stack
}

void check_tensor(const PyTorchTensorInfo& info) {
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

void check_state_dict(const Pickle& pickle, const std::string& key) {
  try {
    for (const auto& entry : find_state_dict(kWhere, pickle, key)) {
      check_tensor(pytorch_tensor_info(kWhere, pickle, entry.value));
    }
  } catch (const std::runtime_error&) {
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto pickle = read_pickle(kWhere, bytes);
    check_values(pickle, size);
    check_state_dict(pickle, "");
    check_state_dict(pickle, "state_dict");
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
