// flags.h: the flags that several commands of expandnet have.
#pragma once

#include <expandnet/deploy/contract_weights.h>

#include <string>

namespace CLI {
class App;
}

namespace expandnet::examples {

/// --key; "" are the usual ones.
void add_key(CLI::App& app, std::string& key);
/// --chain, --by-shape and --transposed.
void add_chains(CLI::App& app, ContractWeightsOptions& options);

}  // namespace expandnet::examples
