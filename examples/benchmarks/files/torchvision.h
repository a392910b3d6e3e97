// torchvision.h: its loader, in a Python beside this program.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

namespace expandnet::examples::bench {

struct TorchvisionOptions {
  std::string python;  ///< a Python that has torchvision
  std::filesystem::path folder;
  int workers = 0;  ///< processes; 0: none but the one that asks
  bool one_core = false;
  std::int64_t batch = 32;
  std::int64_t image_size = 224;
};

/// Reads epochs of ImageFolder with the train transform when it is asked to.
/// It waits meanwhile, and so takes no time from others.
class Torchvision {
 public:
  explicit Torchvision(const TorchvisionOptions& options);
  ~Torchvision();
  Torchvision(const Torchvision&) = delete;
  Torchvision& operator=(const Torchvision&) = delete;

  /// Returns the number of images read. Throws `c10::Error` if the Python has
  /// ended; it has said why on stderr.
  std::int64_t epoch();

 private:
  std::string python_;
  pid_t process_ = 0;
  std::FILE* questions_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace expandnet::examples::bench
