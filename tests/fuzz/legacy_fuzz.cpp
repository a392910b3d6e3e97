// The reader of files from before PyTorch 1.6 takes any bytes: it gives
// storages that are views of them and do not overlap, tensors that lie in them,
// or throws std::runtime_error.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "check_pickle.h"
#include "io/pytorch/legacy_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!is_legacy_pytorch(bytes)) return -1;  // not worth keeping
  try {
    const auto file = parse_legacy_pytorch(fuzz::kWhere, bytes);
    fuzz::check_values(file.pickle, size);
    std::size_t total = 0;
    for (const auto& [name, storage] : file.storages) {
      fuzz::require(!name.empty() || name.data() != nullptr);
      fuzz::require(storage.data() >= bytes.data() &&
                    storage.data() + storage.size() <=
                        bytes.data() + bytes.size());
      total += storage.size();
    }
    fuzz::require(total <= size);
    fuzz::check_state_dict(file.pickle, "");
    for (const auto& entry :
         find_state_dict(fuzz::kWhere, file.pickle, "").entries) {
      const auto info =
          pytorch_tensor_info(fuzz::kWhere, file.pickle, entry.value);
      const auto& storage = file.storages.at(info.storage);
      fuzz::require(storage.size() ==
                    static_cast<std::size_t>(info.storage_bytes));
    }
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
