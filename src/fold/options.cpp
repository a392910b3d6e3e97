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
    case Strategy::kOREPA:
      return "orepa";
    case Strategy::kACB:
      return "acb";
    case Strategy::kRep:
      return "rep";
    case Strategy::kCLSkip:
      return "cl+skip";
    case Strategy::kCKRep:
      return "ck+rep";
    case Strategy::kBranches:
      return "branches";
  }
  TORCH_INTERNAL_ASSERT(false, "unknown strategy");
}

const std::vector<Strategy>& branch_strategies() {
  static const std::vector<Strategy> strategies = {
      Strategy::kOREPA, Strategy::kACB, Strategy::kRep, Strategy::kCLSkip,
      Strategy::kCKRep};
  return strategies;
}

}  // namespace expandnet
