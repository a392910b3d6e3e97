#include "distributed/team.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <stdexcept>

#include "testing.h"

namespace expandnet::testing {

namespace {

std::map<std::string, Role::Action>& roles() {
  static std::map<std::string, Role::Action> all;
  return all;
}

std::filesystem::path make_scratch() {
  auto name = (std::filesystem::temp_directory_path() / "expandnet_team_XXXXXX")
                  .string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return name;
}

}  // namespace

Role::Role(const std::string& name, Action action) { roles()[name] = action; }

int play(const std::string& role, int timeout) {
  const auto error = error_of([&] {
    distributed::ProcessGroupOptions options;
    options.timeout = std::chrono::seconds(timeout);
    const auto ranks = distributed::ProcessGroup::from_environment(options);
    roles().at(role)(*ranks);
  });
  std::fputs(error.c_str(), stderr);
  return error.empty() ? 0 : 1;
}

Team::Team(const std::string& role, int size, std::chrono::seconds timeout)
    : scratch_(make_scratch()), port_(free_port()) {
  for (int rank = 0; rank < size; ++rank) {
    const auto folder = scratch_ / std::to_string(rank);
    std::filesystem::create_directory(folder);
    processes_.push_back(std::make_unique<Process>(
        std::vector<std::string>{
            "/usr/bin/env", "OMP_NUM_THREADS=1", "RANK=" + std::to_string(rank),
            "WORLD_SIZE=" + std::to_string(size), "MASTER_ADDR=127.0.0.1",
            "MASTER_PORT=" + std::to_string(port_), own_path(), "--role", role,
            std::to_string(timeout.count())},
        folder));
  }
}

Team::~Team() {
  processes_.clear();
  std::filesystem::remove_all(scratch_);
}

std::vector<Outcome> Team::wait() {
  std::vector<Outcome> outcomes;
  for (auto& process : processes_) outcomes.push_back(process->wait());
  return outcomes;
}

std::string Team::store() const { return "127.0.0.1:" + std::to_string(port_); }

void expect_success(Team& team) {
  for (const auto& outcome : team.wait()) {
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.status, 0);
  }
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  const bool found = ::bind(socket, plain, size) == 0 &&
                     ::getsockname(socket, plain, &size) == 0;
  ::close(socket);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

std::string own_path() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

}  // namespace expandnet::testing
