#include <arpa/inet.h>
#include <expandnet/distributed/process_group.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>

#include "distributed/team.h"
#include "testing.h"

namespace expandnet::testing {
namespace {

using Variables = std::map<std::string, std::string>;

/// Sets the variables of ranks, and no others of theirs, as long as it lives.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    clear();
    for (const auto& [name, value] : variables) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Environment() { clear(); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void clear() {
    for (const auto* name : {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR",
                             "MASTER_PORT", "TORCHELASTIC_RESTART_COUNT"}) {
      ::unsetenv(name);
    }
  }
};

/// The message for an environment that differs from a good one in these.
std::string refusal(const Variables& changes) {
  Variables variables{{"RANK", "1"},
                      {"WORLD_SIZE", "2"},
                      {"MASTER_ADDR", "127.0.0.1"},
                      {"MASTER_PORT", "29500"}};
  for (const auto& [name, value] : changes) variables[name] = value;
  const Environment environment(variables);
  distributed::ProcessGroupOptions options;
  options.timeout = std::chrono::seconds(1);
  return error_of(
      [&] { (void)distributed::ProcessGroup::from_environment(options); });
}

std::string invalid(const std::string& rule_and_value) {
  return "ranks: " + rule_and_value + "; start the ranks with torchrun";
}

TEST(RankEnvironment, IsOneProcessWithoutRankAndWorldSize) {
  const Environment environment(Variables{{"MASTER_ADDR", "127.0.0.1"}});

  EXPECT_FALSE(distributed::ProcessGroup::in_environment());
  EXPECT_EQ(distributed::ProcessGroup::from_environment(), nullptr);
}

TEST(RankEnvironment, NeedsAllThatConnects) {
  const auto missing = [](const std::string& name) {
    return invalid(name + " must be set where RANK or WORLD_SIZE is, got none");
  };
  for (const auto* name :
       {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) {
    EXPECT_EQ(refusal({{name, ""}}), missing(name));
  }
  const Environment alone(Variables{{"WORLD_SIZE", "2"}});
  EXPECT_TRUE(distributed::ProcessGroup::in_environment());
  EXPECT_EQ(
      error_of([] { (void)distributed::ProcessGroup::from_environment(); }),
      missing("RANK"));
}

TEST(RankEnvironment, RefusesWhatIsNoNumberOrOutOfRange) {
  EXPECT_EQ(refusal({{"WORLD_SIZE", "0"}}),
            invalid("WORLD_SIZE must be a whole number from 1, got '0'"));
  EXPECT_EQ(refusal({{"WORLD_SIZE", "two"}}),
            invalid("WORLD_SIZE must be a whole number from 1, got 'two'"));
  EXPECT_EQ(refusal({{"RANK", "2"}}),
            invalid("RANK must be a whole number from 0 to 1, got '2'"));
  EXPECT_EQ(refusal({{"RANK", "1.5"}}),
            invalid("RANK must be a whole number from 0 to 1, got '1.5'"));
  EXPECT_EQ(refusal({{"LOCAL_RANK", "-1"}}),
            invalid("LOCAL_RANK must be a whole number from 0, got '-1'"));
  EXPECT_EQ(refusal({{"MASTER_PORT", "70000"}}),
            invalid("MASTER_PORT must be a whole number from 1 to 65535, got "
                    "'70000'"));
  EXPECT_EQ(refusal({{"TORCHELASTIC_RESTART_COUNT", "x"}}),
            invalid("TORCHELASTIC_RESTART_COUNT must be a whole number from 0, "
                    "got 'x'"));
}

TEST(RankEnvironment, IsRefusedWhereNobodyAnswers) {
  const auto port = std::to_string(free_port());
  const auto error = refusal({{"MASTER_PORT", port}});

  EXPECT_EQ(error.substr(0, error.find(" (")),
            "ranks: nobody answers at 127.0.0.1:" + port +
                "; is rank 0 running there?");
}

/// A server that takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* plain = reinterpret_cast<sockaddr*>(&address_);
    EXPECT_EQ(::bind(socket_, plain, size), 0);
    EXPECT_EQ(::getsockname(socket_, plain, &size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] int port() const { return ntohs(address_.sin_port); }

 private:
  int socket_;
  sockaddr_in address_{};
};

TEST(RankEnvironment, IsRefusedWhereAnotherServerListens) {
  const SilentServer server;
  const auto port = std::to_string(server.port());

  EXPECT_EQ(refusal({{"MASTER_PORT", port}}),
            "ranks: nobody answers at 127.0.0.1:" + port +
                "; is rank 0 running there? (what listens there is no store)");
}

}  // namespace
}  // namespace expandnet::testing
