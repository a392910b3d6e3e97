#include "tools/expandnet/flags.h"

#include <expandnet/deploy/foreign_blocks.h>

#include <CLI/CLI.hpp>
#include <vector>

namespace expandnet::examples {

void add_reading(CLI::App& app, Reading& reading) {
  app.add_option(
      "--key", reading.key,
      "entry of a Python checkpoint that holds the weights, as "
      "model_ema or ema.state_dict; by default state_dict, model "
      "and the like. Of a trainer's checkpoint, model leaves out the "
      "moving average (--ema)");
  app.add_flag("--keep-names", reading.keep_names,
               "keep what wrappers put into all names, as module. of "
               "DataParallel");
}

void add_chains(CLI::App& app, ContractWeightsOptions& options) {
  app.add_option("--chain", options.chains,
                 "a chain without keys of its own (<path>.chain.<i>), by its "
                 "Sequential (fc1) or the entries of one (classifier.1-3); * "
                 "is any part of a path");
  app.add_flag("--by-shape", options.by_shape,
               "also search for chains by the shapes of layers, for files of "
               "the paper's Python code; ordinary layers can match: look at "
               "the list");
  app.add_option("--transposed", options.transposed,
                 "layers of chains that are transposed convolutions");
}

void add_system(CLI::App& app, std::string& system) {
  std::vector<std::string> names = {kNoSystem};
  for (const auto& known : block_systems()) names.push_back(known.name);
  app.add_option("--system", system,
                 "system whose re-parameterized blocks the file holds, where "
                 "their keys do not tell; none leaves them as they are")
      ->check(CLI::IsMember(names));
}

}  // namespace expandnet::examples
