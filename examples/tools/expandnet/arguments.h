// arguments.h: the command line of expandnet.
#pragma once

#include <expandnet/deploy/contract_weights.h>

#include <string>
#include <variant>

namespace expandnet::examples {

struct ContractArguments {
  std::string in, out;
  std::string key;  ///< entry of a Python checkpoint; "": the usual ones
  ContractWeightsOptions options;
  bool torchvision_names = false;
};

struct SummaryArguments {
  std::string file;
  std::string key;
  ContractWeightsOptions options;
};

struct VerifyArguments {
  std::string first, second;
  std::string key;  ///< of both, where they are Python checkpoints
  /// Largest max |a - b| / max |a| of a tensor; 0: the same values.
  double tolerance = 1e-6;
};

/// The arguments of a command, or the status with which the program ends: 0
/// after help, 2 after a complaint.
using Arguments =
    std::variant<ContractArguments, SummaryArguments, VerifyArguments, int>;

/// `argv` as `main` has it.
Arguments parse(int argc, const char* const* argv);

}  // namespace expandnet::examples
