// torchvision.h: its readers, in a Python beside this program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace expandnet::examples::bench {

/// A script that reads an epoch of images when it is asked to. It waits
/// meanwhile, and so takes no time from others.
class Torchvision {
 public:
  /// `python` has torchvision; `words` are what the script takes.
  Torchvision(const std::string& python, const char* script,
              const std::vector<std::string>& words);
  ~Torchvision();
  Torchvision(const Torchvision&) = delete;
  Torchvision& operator=(const Torchvision&) = delete;

  /// Throws `c10::Error` if the Python has ended, after it has said why on
  /// stderr, and unless it has read `images` images.
  void read_epoch(std::int64_t images);

 private:
  std::string python_;
  pid_t process_ = 0;
  std::FILE* questions_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace expandnet::examples::bench
