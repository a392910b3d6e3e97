#include "tools/expandnet/flags.h"

#include <CLI/CLI.hpp>

namespace expandnet::examples {

void add_key(CLI::App& app, std::string& key) {
  app.add_option("--key", key,
                 "entry of a Python checkpoint that holds the weights; by "
                 "default state_dict, model and the like. Of a trainer's "
                 "checkpoint, model leaves out the moving average (--ema)");
}

void add_chains(CLI::App& app, ContractWeightsOptions& options) {
  app.add_option("--chain", options.chains,
                 "a chain that shapes do not show, by its Sequential (fc1) or "
                 "the entries of one (classifier.1-3); * is any part of a "
                 "path. Where chains are named, shapes are not looked at");
  app.add_option("--transposed", options.transposed,
                 "layers of chains that are transposed convolutions");
}

}  // namespace expandnet::examples
