// arguments.h: the command line of expandnet-cifar.
#pragma once

#include <expandnet/models/recipes.h>

#include <cstdint>
#include <string>
#include <variant>

#include "trainer/settings.h"

namespace expandnet::examples::cifar {

/// Of `train` and `compare`. Defaults are the paper's.
struct Arguments {
  std::string dataset = "cifar10";
  std::string net = "smallnet";
  std::int64_t kernel = 7;
  std::string first_layer = "kept";
  std::int64_t validation = 5000;  ///< images set apart
  std::uint64_t split_seed = 0;
  std::int64_t padding = 4;  ///< of the random crop; 0: none
  bool flip = true;
  Settings settings;

  std::string configuration;  ///< of all this, as a file
};

/// Of `evaluate` and `contract`, which look at a finished run.
struct RunArguments {
  std::string run;
  std::string data;  ///< "": where the run had them
  std::string device = "auto";
  std::string set = "test";         ///< of evaluate
  std::string checkpoint = "best";  ///< of contract
  std::string out;                  ///< of contract; "": weights.pt in `run`
};

/// Return the arguments, or the status to exit with: 0 after `--help`, 2 after
/// an error, whose message is on stderr by then.
std::variant<Arguments, int> parse(Command command, int argc,
                                   const char* const* argv);
std::variant<RunArguments, int> parse_evaluate(int argc,
                                               const char* const* argv);
std::variant<RunArguments, int> parse_contract(int argc,
                                               const char* const* argv);

/// The configuration of one run among those of a comparison, as `train` has it.
std::string run_configuration(Arguments arguments, const std::string& recipe,
                              std::uint64_t seed, const std::string& folder);

/// What the run in a folder was told. Throws `c10::Error` where there is none.
Arguments arguments_of_run(const std::string& folder);

}  // namespace expandnet::examples::cifar
