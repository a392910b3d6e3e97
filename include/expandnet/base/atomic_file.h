// atomic_file.h: a file that appears whole or not at all.
//
// What is written goes to a temporary file in the same folder, which takes the
// name only when it is complete and on the disk. Whatever stops the program or
// the machine before, the file that had the name is still there, untouched.
// This is no lock: of several writers, the last to commit wins.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace expandnet {

/// Replaces the file `path`, or makes it, when it is committed.
///
/// The new file has the mode that the umask gives, not that of the old one.
/// Every failure throws `std::runtime_error`. A program that is killed leaves
/// its temporary file behind: `.<name>.<process>.<number>.tmp`.
///
///     AtomicFile file("net.safetensors");
///     file.write(header.data(), header.size());
///     file.write(weights.data(), weights.size());
///     file.commit();
class AtomicFile {
 public:
  /// Makes the temporary file. Where `path` is a symbolic link, what it points
  /// to will be replaced, and the link stays. Throws unless the folder is there
  /// and can be written to, and `path` names a regular file or nothing yet.
  explicit AtomicFile(std::string path);
  /// Without a commit, removes the temporary file: `path` is as it was.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends `count` bytes. A failure removes the temporary file; after it, and
  /// after a commit, this and `commit` throw.
  void write(const void* bytes, std::size_t count);

  /// Puts the file in its place, to stay there even if power fails next. Throws
  /// when a step fails; if it is the last, the folder's fsync, the new file is
  /// in place already.
  void commit();

 private:
  void check_open(const char* action) const;
  void discard() noexcept;
  [[noreturn]] void discard_and_fail(int error);

  std::string path_;                 ///< as given, for messages
  std::filesystem::path target_;     ///< absolute, links followed
  std::filesystem::path temporary_;  ///< beside the target
  int file_ = -1;                    ///< descriptor; -1 after commit or failure
};

/// An AtomicFile of all of `content`: written, committed.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace expandnet
