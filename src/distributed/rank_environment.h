// rank_environment.h: reads the environment variables that torchrun sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::distributed {

struct RankEnvironment {
  int rank = 0;
  int size = 1;
  int local_rank = 0;
  std::string address;       ///< of the store
  std::uint16_t port = 0;    ///< of the store
  bool agent_store = false;  ///< torchrun hosts the store, not rank 0
  int restarts = 0;          ///< how often torchrun has restarted all ranks
  /// Network interfaces for Gloo; empty: the one of the host name.
  std::vector<std::string> interfaces;
};

/// Throws `c10::Error` naming the variable that is missing or makes no sense.
[[nodiscard]] RankEnvironment read_rank_environment();

}  // namespace expandnet::distributed
