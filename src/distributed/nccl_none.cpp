#include <c10/util/Exception.h>

#include "distributed/backends.h"

namespace expandnet::train {

c10::intrusive_ptr<c10d::Backend> make_nccl(
    const c10::intrusive_ptr<c10d::Store>& /*store*/, int /*rank*/,
    int /*size*/, std::chrono::milliseconds /*timeout*/, c10::Device device) {
  TORCH_CHECK(false,
              "ranks: tensors on CUDA need a build with NCCL, got device ",
              device, "; build expandnet with a LibTorch for CUDA and nccl.h");
}

}  // namespace expandnet::train
