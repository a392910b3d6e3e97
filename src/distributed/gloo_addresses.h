// gloo_addresses.h: where Gloo lets the other ranks reach this one.
#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

namespace expandnet::distributed {

/// The interfaces in GLOO_SOCKET_IFNAME, separated by commas as in PyTorch;
/// none if it is not set or empty: Gloo then takes the address of the host
/// name. Throws `c10::Error` for one that this machine does not have.
[[nodiscard]] std::vector<std::string> gloo_interfaces();

/// Where a rank runs, and the address that it gives to the others.
struct RankAddress {
  std::string machine;  ///< the same on one machine, in one network namespace
  std::string address;  ///< "127.0.1.1", or "lo" if an interface is set
  bool is_loopback = false;  ///< only this machine reaches it
};

/// Of this rank, with these interfaces.
[[nodiscard]] RankAddress own_address(
    const std::vector<std::string>& interfaces);

/// Throws `c10::Error` if ranks run on several machines, and one of them gives
/// a loopback address. `ranks` are those from 0 on.
void check_addresses(const std::vector<RankAddress>& ranks);

/// Exchanges the addresses through the store, and checks them.
void check_addresses(c10d::Store& store, int rank, int size,
                     const RankAddress& own);

}  // namespace expandnet::distributed
