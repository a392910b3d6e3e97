#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include "common/device.h"

namespace expandnet::examples {

CudaMemory cuda_memory(c10::DeviceIndex device) {
  const auto bytes =
      c10::cuda::CUDACachingAllocator::getDeviceStats(device).allocated_bytes;
  const auto& all = bytes[0];  // the sum over its pools
  return {all.current, all.peak};
}

void reset_cuda_peak(c10::DeviceIndex device) {
  c10::cuda::CUDACachingAllocator::resetPeakStats(device);
}

std::string cuda_name(c10::DeviceIndex device) {
  return at::cuda::getDeviceProperties(device)->name;
}

}  // namespace expandnet::examples
