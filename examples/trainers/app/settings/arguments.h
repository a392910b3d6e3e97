// arguments.h: the command line of a trainer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "trainers/app/runs/trainer.h"

namespace expandnet::examples {

/// Of `evaluate`: a finished run, as it was told but for the flags given now.
struct EvaluateRunArguments {
  std::unique_ptr<Trainer> trainer;
  std::string run;
  std::string set;
};

/// Of `contract`.
struct ContractRunArguments {
  std::string run;
  std::string checkpoint = "best";
  std::string out;  ///< "": the format's own name in `run`
  std::string format;
};

/// Read what follows the command and return it, or the status to exit with: 0
/// after `--help`, 2 after an error, whose message is on stderr by then.
/// `parse_evaluate` throws `c10::Error` where there is no run.
std::variant<std::unique_ptr<Trainer>, int> parse(const Trainer& prototype,
                                                  Command command, int argc,
                                                  const char* const* argv);
std::variant<EvaluateRunArguments, int> parse_evaluate(const Trainer& prototype,
                                                       int argc,
                                                       const char* const* argv);
std::variant<ContractRunArguments, int> parse_contract(const Trainer& prototype,
                                                       int argc,
                                                       const char* const* argv);

/// All that a trainer was told, as a configuration file of that command.
std::string configuration_of(const Trainer& trainer, Command command);

/// The configuration of one run among those of a comparison, as `train` has it.
std::string run_configuration(const Trainer& trainer, const std::string& recipe,
                              std::uint64_t seed, const std::string& folder);

/// A trainer as the run in a folder was told. Throws `c10::Error` where there
/// is no run.
std::unique_ptr<Trainer> trainer_of_run(const Trainer& prototype,
                                        const std::string& folder);

}  // namespace expandnet::examples
