// gloo_addresses.h: the address at which other ranks reach this one over Gloo.
#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

namespace expandnet::distributed {

/// Returns the interfaces in GLOO_SOCKET_IFNAME, which are separated by commas
/// as in PyTorch; empty if it is unset or empty, then Gloo uses the address of
/// the host name. Throws `c10::Error` for an interface that this machine does
/// not have.
[[nodiscard]] std::vector<std::string> gloo_interfaces();

/// Where a rank runs, and the address that it gives to the others.
struct RankAddress {
  std::string machine;  ///< equal on one machine within one network namespace
  std::string address;  ///< "127.0.1.1", or "lo" if an interface is set
  bool is_loopback = false;  ///< reachable only from this machine
};

/// Returns the address of this rank on these interfaces.
[[nodiscard]] RankAddress own_address(
    const std::vector<std::string>& interfaces);

/// Throws `c10::Error` if ranks run on several machines and one of them gives a
/// loopback address. `ranks` starts with rank 0.
void check_addresses(const std::vector<RankAddress>& ranks);

/// Exchanges the addresses through the store, then checks them.
void check_addresses(c10d::Store& store, int rank, int size,
                     const RankAddress& own);

}  // namespace expandnet::distributed
