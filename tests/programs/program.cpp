#include "programs/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

namespace expandnet::testing {

namespace {

constexpr std::chrono::milliseconds kPoll(2);

void redirect(const char* path, int descriptor) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
  ::close(file);
}

std::map<std::string, Main>& mains() {
  static std::map<std::string, Main> mains;
  return mains;
}

/// In place of the process that calls it, which nothing may lead back to.
[[noreturn]] void become(const std::vector<char*>& words) noexcept {
  const auto found = mains().find(words.front());
  if (found != mains().end()) {
    std::exit(found->second(static_cast<int>(words.size()) - 1, words.data()));
  }
  ::execv(words.front(), words.data());
  ::_exit(127);
}

}  // namespace

void run_in_copies(const std::string& program, Main main) {
  mains()[program] = std::move(main);
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Process::Process(const std::vector<std::string>& arguments,
                 const std::filesystem::path& scratch, std::uint64_t file_limit)
    : out_(scratch / "stdout"), err_(scratch / "stderr") {
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  std::filesystem::remove(out_);  // an earlier program's
  std::filesystem::remove(err_);
  std::fflush(nullptr);  // a copy would write it again
  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("fork failed");
  if (id_ > 0) return;
  redirect(out_.c_str(), STDOUT_FILENO);
  redirect(err_.c_str(), STDERR_FILENO);
  if (file_limit > 0) {
    ::signal(SIGXFSZ, SIG_IGN);  // writes fail instead
    const rlimit limit{file_limit, file_limit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  become(words);
}

Process::~Process() {
  if (ended_) return;
  send(SIGKILL);
  ::waitpid(id_, nullptr, 0);
}

void Process::send(int signal) const {
  if (!ended_) ::kill(id_, signal);
}

bool Process::has_ended() {
  if (!ended_) ended_ = ::waitpid(id_, &wait_status_, WNOHANG) == id_;
  return ended_;
}

bool Process::wait_for(const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < end) {
    const bool last = has_ended();
    if (content_of(out_).find(text) != std::string::npos) return true;
    if (last) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return false;
}

bool Process::wait_at_most(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!has_ended() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPoll);
  }
  return ended_;
}

Outcome Process::wait() {
  if (!ended_) {
    ::waitpid(id_, &wait_status_, 0);
    ended_ = true;
  }
  const int status = WIFSIGNALED(wait_status_) ? 128 + WTERMSIG(wait_status_)
                                               : WEXITSTATUS(wait_status_);
  return {status, content_of(out_), content_of(err_)};
}

}  // namespace expandnet::testing
