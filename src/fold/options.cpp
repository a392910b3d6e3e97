#include <c10/util/Exception.h>
#include <expandnet/fold/options.h>

namespace expandnet {

const char* name(Strategy strategy) {
  switch (strategy) {
    case Strategy::kFC:
      return "FC";
    case Strategy::kCL:
      return "CL";
    case Strategy::kCK:
      return "CK";
  }
  TORCH_INTERNAL_ASSERT(false, "unknown strategy");
}

}  // namespace expandnet
