#include "distributed/gloo_addresses.h"

#include <arpa/inet.h>
#include <c10/util/Exception.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::distributed {

namespace {

constexpr const char* kVariable = "GLOO_SOCKET_IFNAME";
constexpr const char* kFallback = "127.0.0.1";  // as c10d's

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// All interfaces: "lo, eth0".
std::string interfaces_here() {
  std::string names;
  auto* list = ::if_nameindex();
  for (auto* entry = list; entry != nullptr && entry->if_index != 0; ++entry) {
    names += (names.empty() ? "" : ", ") + std::string(entry->if_name);
  }
  if (list != nullptr) ::if_freenameindex(list);
  return names.empty() ? "an interface" : names;
}

bool is_loopback_interface(const std::string& name) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return false;
  bool found = false;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    found = found ||
            (name == entry->ifa_name && (entry->ifa_flags & IFF_LOOPBACK) != 0);
  }
  ::freeifaddrs(list);
  return found;
}

/// Boots differ between machines, and network namespaces between containers.
std::string machine_name() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  std::error_code error;
  const auto space =
      std::filesystem::read_symlink("/proc/self/ns/net", error).string();
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  return boot + " " + space + " " + host.data();
}

bool can_bind(const addrinfo& address) {
  const int socket =
      ::socket(address.ai_family, address.ai_socktype, address.ai_protocol);
  if (socket < 0) return false;
  const bool bound = ::bind(socket, address.ai_addr, address.ai_addrlen) == 0;
  ::close(socket);
  return bound;
}

std::string text_of(const addrinfo& address) {
  std::array<char, NI_MAXHOST> text{};
  const auto failed = ::getnameinfo(
      address.ai_addr, address.ai_addrlen, text.data(),
      static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? text.data() : kFallback;
}

/// What Gloo takes: the first address of the host name that is this machine's.
std::string address_of_host_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return kFallback;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.data(), nullptr, &hints, &list) != 0) return kFallback;
  const Addresses addresses(list, &::freeaddrinfo);
  for (const auto* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (can_bind(*entry)) return text_of(*entry);
  }
  return kFallback;
}

bool is_loopback_address(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address == "::1";
}

std::string key_of_rank(int rank) { return "address/" + std::to_string(rank); }

}  // namespace

std::vector<std::string> gloo_interfaces() {
  const char* value = std::getenv(kVariable);
  if (value == nullptr || *value == '\0') return {};
  auto names = split(value, ',');
  for (const auto& name : names) {
    TORCH_CHECK(
        ::if_nametoindex(name.c_str()) != 0,
        error_message("ranks",
                      std::string(kVariable) +
                          " must name interfaces of this machine, "
                          "separated by commas",
                      quoted_name(name), "take one of " + interfaces_here()));
  }
  return names;
}

RankAddress own_address(const std::vector<std::string>& interfaces) {
  RankAddress own;
  own.machine = machine_name();
  if (interfaces.empty()) {
    own.address = address_of_host_name();
    own.is_loopback = is_loopback_address(own.address);
    return own;
  }
  for (const auto& name : interfaces) {
    own.address += (own.address.empty() ? "" : ",") + name;
    own.is_loopback = own.is_loopback || is_loopback_interface(name);
  }
  return own;
}

void check_addresses(const std::vector<RankAddress>& ranks) {
  const bool is_one_machine = std::all_of(
      ranks.begin(), ranks.end(),
      [&](const auto& rank) { return rank.machine == ranks.front().machine; });
  if (is_one_machine) return;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    TORCH_CHECK(!ranks[i].is_loopback,
                error_message("ranks",
                              "other machines must reach the address of a rank",
                              c10::str(ranks[i].address, " for rank ", i,
                                       ", which only its own machine reaches"),
                              c10::str("set ", kVariable,
                                       " on each machine to the interface "
                                       "that leads to the others")));
  }
}

void check_addresses(c10d::Store& store, int rank, int size,
                     const RankAddress& own) {
  store.set(key_of_rank(rank),
            (own.is_loopback ? "1" : "0") + own.address + "\n" + own.machine);
  std::vector<RankAddress> ranks;
  for (int other = 0; other < size; ++other) {
    const auto text = store.get_to_str(key_of_rank(other));
    const auto line = text.find('\n');
    ranks.push_back({text.substr(line + 1), text.substr(1, line - 1),
                     text.substr(0, 1) == "1"});
  }
  check_addresses(ranks);
}

}  // namespace expandnet::distributed
