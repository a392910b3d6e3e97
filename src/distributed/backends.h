// backends.h: the c10d backends that send tensors between ranks.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

namespace expandnet::distributed {

/// Makes the backend for CPU tensors, on these network interfaces; if there are
/// none, on the default one. Returns once all ranks are connected. Throws as
/// `check_addresses` does.
c10::intrusive_ptr<c10d::Backend> make_gloo(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
    std::chrono::milliseconds timeout,
    const std::vector<std::string>& interfaces);

/// Makes the backend for tensors on a CUDA device, which becomes the current
/// one. Throws `c10::Error` if this build has no NCCL or the machine has no
/// such device.
c10::intrusive_ptr<c10d::Backend> make_nccl(
    const c10::intrusive_ptr<c10d::Store>& store, int rank, int size,
    std::chrono::milliseconds timeout, c10::Device device);

}  // namespace expandnet::distributed
