#include <c10/util/Exception.h>

#include "base/error.h"
#include "distributed/backends.h"

namespace expandnet::distributed {

c10::intrusive_ptr<c10d::Backend> make_nccl(
    const c10::intrusive_ptr<c10d::Store>& /*store*/, int /*rank*/,
    int /*size*/, std::chrono::milliseconds /*timeout*/, c10::Device device) {
  TORCH_CHECK(
      false,
      error_message("ranks", "tensors on CUDA need a build with NCCL",
                    c10::str("device ", device),
                    "build expandnet with a LibTorch for CUDA and nccl.h"));
}

}  // namespace expandnet::distributed
