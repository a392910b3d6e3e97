#include <c10/cuda/CUDAFunctions.h>

#include <chrono>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "base/error.h"
#include "distributed/backends.h"

namespace expandnet::distributed {

namespace {

/// How much later than the ranks' own looks NCCL's watchdog gives a collective
/// up: it ends the process, with a message that names no rank.
constexpr std::chrono::minutes kLater(2);

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
    std::chrono::milliseconds timeout, c10::Device device) {
  const auto devices = c10::cuda::device_count();
  TORCH_CHECK(
      device.index() < devices,
      error_message("ranks",
                    "LOCAL_RANK must be below the number of CUDA devices",
                    c10::str(static_cast<int>(device.index()), " of ",
                             static_cast<int>(devices)),
                    "start as many ranks on a machine as it has devices"));
  c10::cuda::set_device(device.index());
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout + kLater;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size,
                                                     options);
}

}  // namespace expandnet::distributed
