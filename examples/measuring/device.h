// device.h: what is known of a device, and its memory.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <string>

namespace expandnet::examples {

/// The model of the CPU or GPU.
std::string device_name(c10::Device device);

/// Waits for all work on the device; nothing on the CPU.
void synchronize(c10::Device device);

/// Builds something with `make`, runs it `runs` times and drops it. Returns the
/// largest number of bytes that its tensors held at once in those runs:
/// weights, gradients, optimizer state, activations, and the batch.
///
/// On the CPU, of tensors of this thread, where backward passes run too; what
/// kernels allocate for themselves does not count.
std::int64_t peak_bytes(c10::Device device,
                        const std::function<std::function<void()>()>& make,
                        int runs);

/// Bytes that the caching allocator has given out on a GPU. These, and the
/// name, are all that needs the headers of CUDA: builds without them link
/// zeros.
struct CudaMemory {
  std::int64_t current = 0;
  std::int64_t peak = 0;
};
CudaMemory cuda_memory(c10::DeviceIndex device);
void reset_cuda_peak(c10::DeviceIndex device);
std::string cuda_name(c10::DeviceIndex device);

}  // namespace expandnet::examples
