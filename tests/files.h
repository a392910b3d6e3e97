// files.h: what the tests of reading and writing share.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <functional>
#include <string>

namespace expandnet::testing {

/// A folder of its own for each test, removed at its end.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  /// The path of `name` in it.
  [[nodiscard]] std::string operator/(const std::string& name) const;
  /// How many files, links and folders are in it.
  [[nodiscard]] std::ptrdiff_t size() const;

 private:
  std::string path_;
};

/// All bytes of a file.
std::string content_of(const std::string& path);
/// Makes, or empties, the file and writes to it; returns the path.
std::string write_bytes(const std::string& path, const std::string& bytes);

/// The message of the `std::runtime_error` that `action` throws, "" if none.
std::string failure_of(const std::function<void()>& action);

/// While it lives, files cannot grow beyond `bytes`: as on a disk that is full,
/// a write stops short and the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes);
  ~FileSizeLimit();
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit former_ = {};
};

}  // namespace expandnet::testing
