#include "benchmarks/files/torchvision.h"

#include <c10/util/Exception.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "base/error.h"

namespace expandnet::examples::bench {

namespace {

/// What is written to the second can be read from the first. No other program
/// inherits them.
std::array<int, 2> make_pipe() {
  std::array<int, 2> ends = {};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_system_error("open", "a pipe", errno);
  }
  return ends;
}

}  // namespace

Torchvision::Torchvision(const std::string& python, const char* script,
                         const std::vector<std::string>& words)
    : python_(python) {
  // A Python that has ended is noticed by what it does not answer.
  std::signal(SIGPIPE, SIG_IGN);
  const auto to_python = make_pipe();
  const auto from_python = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_python[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_python[1], STDOUT_FILENO);
  std::vector<std::string> command = {python, "-c", script};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto error = ::posix_spawnp(&process_, arguments[0], &actions, nullptr,
                                    arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(to_python[0]);
  ::close(from_python[1]);
  questions_ = ::fdopen(to_python[1], "w");
  answers_ = ::fdopen(from_python[0], "r");
  if (error == 0) return;
  std::fclose(questions_);
  std::fclose(answers_);
  throw_system_error("run", python, error, "name another --python");
}

Torchvision::~Torchvision() {
  std::fclose(questions_);  // ends its loop
  std::fclose(answers_);
  ::waitpid(process_, nullptr, 0);
}

void Torchvision::read_epoch(std::int64_t images) {
  std::fputs("\n", questions_);
  std::fflush(questions_);
  long long read = 0;
  TORCH_CHECK(
      std::fscanf(answers_, "%lld", &read) == 1,
      error_message("expandnet-bench-files", "--python must have torchvision",
                    "none from \"" + python_ + "\""));
  TORCH_CHECK(
      read == images,
      error_message("expandnet-bench-files", "torchvision must read all images",
                    std::to_string(read) + " of " + std::to_string(images)));
}

}  // namespace expandnet::examples::bench
