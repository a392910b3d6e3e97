#include "distributed/gloo_addresses.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

using distributed::check_addresses;
using distributed::gloo_interfaces;
using distributed::own_address;
using Interfaces = std::vector<std::string>;

/// GLOO_SOCKET_IFNAME as long as it lives.
class InterfaceVariable {
 public:
  explicit InterfaceVariable(const char* value) {
    ::setenv("GLOO_SOCKET_IFNAME", value, 1);
  }
  ~InterfaceVariable() { ::unsetenv("GLOO_SOCKET_IFNAME"); }
  InterfaceVariable(const InterfaceVariable&) = delete;
  InterfaceVariable& operator=(const InterfaceVariable&) = delete;
};

Interfaces interfaces_of(const char* value) {
  const InterfaceVariable variable(value);
  return gloo_interfaces();
}

TEST(GlooAddresses, ComeFromAListOfInterfaces) {
  EXPECT_EQ(gloo_interfaces(), Interfaces());
  EXPECT_EQ(interfaces_of(""), Interfaces());
  EXPECT_EQ(interfaces_of("lo"), Interfaces{"lo"});
  EXPECT_EQ(interfaces_of("lo,lo"), (Interfaces{"lo", "lo"}));
}

TEST(GlooAddresses, AreOfInterfacesThatExist) {
  for (const std::string wrong : {"eth99", "lo, lo", "lo,"}) {
    const auto at = wrong.find(',');
    const auto name = at == std::string::npos ? wrong : wrong.substr(at + 1);
    const auto error = error_of([&] { (void)interfaces_of(wrong.c_str()); });
    const auto begin =
        "ranks: GLOO_SOCKET_IFNAME must name interfaces of this machine, "
        "separated by commas, got \"" +
        name + "\"; take one of ";
    EXPECT_EQ(error.substr(0, begin.size()), begin);
    EXPECT_NE(error.find("lo", begin.size()), std::string::npos) << error;
  }
}

TEST(GlooAddresses, OfTheLoopbackInterfaceStayOnTheMachine) {
  const auto own = own_address({"lo"});

  EXPECT_EQ(own.address, "lo");
  EXPECT_TRUE(own.is_loopback);
  EXPECT_EQ(own.machine, own_address({}).machine);
  EXPECT_NE(own_address({}).address, "");
}

TEST(GlooAddresses, MustLeadFromMachineToMachine) {
  EXPECT_NO_THROW(
      check_addresses({{"a", "127.0.0.1", true}, {"a", "127.0.0.1", true}}));
  EXPECT_NO_THROW(
      check_addresses({{"a", "10.0.0.1", false}, {"b", "10.0.0.2", false}}));
  EXPECT_EQ(
      error_of([] {
        check_addresses({{"a", "10.0.0.1", false}, {"b", "127.0.1.1", true}});
      }),
      "ranks: other machines must reach the address of a rank, got "
      "127.0.1.1 for rank 1, which only its own machine reaches; set "
      "GLOO_SOCKET_IFNAME on each machine to the interface that leads to "
      "the others");
}

}  // namespace
}  // namespace expandnet::testing
