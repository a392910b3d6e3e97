// flags.h: the flags that several commands of expandnet have.
#pragma once

#include <expandnet/deploy/contract_weights.h>
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/weights_file.h>

#include <string>

namespace CLI {
class App;
}

namespace expandnet::examples {

/// Which weights of a file are read, and under which names.
struct Reading {
  std::string key;  ///< of a checkpoint; "": the usual ones
  bool keep_names = false;

  [[nodiscard]] WrapperNames names() const {
    return keep_names ? WrapperNames::kKept : WrapperNames::kDropped;
  }
};

/// --key and --keep-names.
void add_reading(CLI::App& app, Reading& reading);
/// --chain, --by-shape and --transposed.
void add_chains(CLI::App& app, ContractWeightsOptions& options);
/// --system: "", `kNoSystem` or the name of a system.
void add_system(CLI::App& app, std::string& system);

}  // namespace expandnet::examples
