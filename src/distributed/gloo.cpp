// Compiled with USE_C10D_GLOO and the headers in gloo_headers/.
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "distributed/backends.h"
#include "distributed/gloo_addresses.h"

namespace expandnet::distributed {

c10::intrusive_ptr<c10d::Backend> make_gloo(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
    std::chrono::milliseconds timeout,
    const std::vector<std::string>& interfaces) {
  using Gloo = c10d::ProcessGroupGloo;
  const auto options = Gloo::Options::create(timeout);
  check_addresses(*store, rank, size, own_address(interfaces));
  for (const auto& interface : interfaces) {
    options->devices.push_back(Gloo::createDeviceForInterface(interface));
  }
  if (interfaces.empty()) {
    options->devices.push_back(Gloo::createDefaultDevice());
  }
  // As c10d in Python: two for each.
  options->threads = static_cast<int>(options->devices.size()) * 2;
  return c10::make_intrusive<Gloo>(store, rank, size, options);
}

}  // namespace expandnet::distributed
