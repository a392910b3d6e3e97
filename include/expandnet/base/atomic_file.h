// atomic_file.h: a file that is written whole or not at all.
//
// The content goes to a temporary file in the same folder, which takes the
// final name only when it is complete and on the disk. If the program or the
// machine stops earlier, the former file of that name is untouched. This is not
// a lock: of several writers, the last to commit wins.
#pragma once

#include <expandnet/base/export.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace expandnet {

/// Creates or replaces the file `path` when `commit` is called.
///
/// The new file's mode comes from the umask, not from the old file. Every
/// failure throws `std::runtime_error`. A program that is killed leaves its
/// temporary file behind: `.<name>.<process>.<number>.tmp`.
///
///     AtomicFile file("net.safetensors");
///     file.write(header.data(), header.size());
///     file.write(weights.data(), weights.size());
///     file.commit();
class EXPANDNET_API AtomicFile {
 public:
  /// Creates the temporary file. If `path` is a symbolic link, its target will
  /// be replaced and the link stays. Throws unless the folder exists and is
  /// writable, and `path` is a regular file or does not exist.
  explicit AtomicFile(std::string path);
  /// Without a commit, removes the temporary file; `path` is unchanged.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends `count` bytes. A failure removes the temporary file; after a
  /// failure or a commit, `write` and `commit` throw.
  void write(const void* bytes, std::size_t count);

  /// Moves the file to its final name, durably: it is there even if power fails
  /// next. Throws if a step fails. If the last step fails, the fsync of the
  /// folder, the new file already has the final name.
  void commit();

 private:
  void check_open(const char* action) const;
  void discard() noexcept;
  [[noreturn]] void discard_and_fail(int error);

  std::string path_;                 ///< as given, for messages
  std::filesystem::path target_;     ///< absolute, with links resolved
  std::filesystem::path temporary_;  ///< in the target's folder
  int file_ = -1;                    ///< descriptor; -1 after commit or failure
};

/// Whether a file has the name of a temporary file, of an AtomicFile that was
/// not committed: `.<name>.<process>.<number>.tmp`.
[[nodiscard]] EXPANDNET_API bool is_unfinished_file(const std::string& name);

/// Removes such files from a folder and those below it, which a killed program
/// has left behind; what cannot be removed stays. Nobody else may write to files
/// there meanwhile.
EXPANDNET_API void remove_unfinished_files(const std::string& folder);

/// Writes all of `content` with an AtomicFile and commits it.
EXPANDNET_API void write_file_atomically(const std::string& path,
                                         std::string_view content);

}  // namespace expandnet
