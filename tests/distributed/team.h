// team.h: tests of several processes. They are this binary, in a role.
#pragma once

#include <expandnet/distributed/process_group.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "programs/program.h"

namespace expandnet::testing {

/// What the processes of a team do. Defined as a constant beside its test; runs
/// with one thread. What it throws is printed on stderr, and ends the process
/// with status 1.
class Role {
 public:
  using Action = void (*)(distributed::ProcessGroup& ranks);
  Role(const std::string& name, Action action);
};

/// The program of a process in a role, with the seconds its ranks wait.
/// Returns the exit status.
int play(const std::string& role, int timeout);

/// Processes that run, with RANK and all that belongs to it.
class Team {
 public:
  explicit Team(const std::string& role, int size = 2,
                std::chrono::seconds timeout = std::chrono::seconds(60));
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  Process& operator[](std::size_t rank) { return *processes_[rank]; }
  [[nodiscard]] std::size_t size() const { return processes_.size(); }
  std::vector<Outcome> wait();
  /// "127.0.0.1:29500".
  [[nodiscard]] std::string store() const;

 private:
  std::filesystem::path scratch_;
  int port_;
  std::vector<std::unique_ptr<Process>> processes_;
};

/// Waits for a team that has to succeed.
void expect_success(Team& team);

/// A port that nobody listens on now.
int free_port();

/// This binary.
std::string own_path();

}  // namespace expandnet::testing
