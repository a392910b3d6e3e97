// The pickle reader takes any bytes: it gives values that refer to each other
// only, tensors that lie in their storages, or throws std::runtime_error.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include "check_pickle.h"
#include "io/pytorch/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto pickle = read_pickle(fuzz::kWhere, bytes);
    fuzz::check_values(pickle, size);
    fuzz::check_state_dict(pickle, "");
    fuzz::check_state_dict(pickle, "state_dict");
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
