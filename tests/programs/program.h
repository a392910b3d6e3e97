// program.h: programs run as users run them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace expandnet::testing {

/// How a program ended.
struct Outcome {
  int status;  ///< as shells report it: 128 + n after signal n
  std::string out;
  std::string err;
};

/// A program's main function.
using Main = std::function<int(int argc, const char* const* argv)>;

/// From here on a process of `program` is a copy of this one that calls `main`:
/// this one has LibTorch loaded already, which is most of a start. It must not
/// have begun to use it.
void run_in_copies(const std::string& program, Main main);

/// A program that runs, with its output in files.
class Process {
 public:
  /// `arguments` begin with the program; after /usr/bin/env it is loaded anew.
  /// A limit above 0 is the size at which files end as if the disk were full.
  Process(const std::vector<std::string>& arguments,
          const std::filesystem::path& scratch, std::uint64_t file_limit = 0);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  /// Waits until `text` has been printed on stdout; false if the program ended,
  /// or a minute passed, without.
  bool wait_for(const std::string& text);
  /// Whether it ended within this time.
  bool wait_at_most(std::chrono::milliseconds time);
  Outcome wait();

 private:
  bool has_ended();

  std::filesystem::path out_, err_;
  pid_t id_ = 0;
  int wait_status_ = 0;
  bool ended_ = false;
};

std::string content_of(const std::filesystem::path& path);

}  // namespace expandnet::testing
