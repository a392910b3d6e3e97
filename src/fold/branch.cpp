#include <c10/util/Exception.h>
#include <expandnet/fold/branch.h>

namespace expandnet {

const char* name(BranchKind kind) {
  switch (kind) {
    case BranchKind::kKernel:
      return "kernel";
    case BranchKind::kChain:
      return "chain";
    case BranchKind::kPointwiseKernel:
      return "1x1-kernel";
    case BranchKind::kDepthwiseSeparable:
      return "depthwise-separable";
    case BranchKind::kAverage:
      return "average";
    case BranchKind::kCosine:
      return "cosine";
    case BranchKind::kIdentity:
      return "identity";
  }
  TORCH_INTERNAL_ASSERT(false, "unknown kind of branch");
}

}  // namespace expandnet
