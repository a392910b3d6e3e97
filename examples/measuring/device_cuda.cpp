#include <ATen/Context.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>

#include "measuring/device.h"

namespace expandnet::examples {

CudaMemory cuda_memory(c10::DeviceIndex device) {
  // Before its first tensor LibTorch knows of no device.
  at::globalContext().lazyInitDevice(c10::kCUDA);
  const auto allocated = [device] {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device);
    return stats.allocated_bytes[0];  // the sum over its pools
  };
  // cuBLAS's workspaces, which stay, are no tensors of what is measured.
  const auto all = allocated();
  at::cuda::clearCublasWorkspaces();
  const auto tensors = allocated().current;
  return {tensors, all.peak - (all.current - tensors)};
}

void reset_cuda_peak(c10::DeviceIndex device) {
  c10::cuda::CUDACachingAllocator::resetPeakStats(device);
}

std::string cuda_name(c10::DeviceIndex device) {
  return at::cuda::getDeviceProperties(device)->name;
}

}  // namespace expandnet::examples
