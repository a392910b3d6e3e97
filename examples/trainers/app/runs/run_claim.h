// run_claim.h: locks a run, so that several processes can share one folder.
#pragma once

#include <memory>
#include <string>

namespace expandnet::examples {

/// The exclusive right to train the run in a folder: a lock on a file there.
/// The system releases the lock when the process ends in any way, so a run that
/// was killed can be continued at once. Works across machines on file systems
/// with such locks, including NFS. On a file system without locks, every claim
/// succeeds.
///
///     if (auto claim = RunClaim::try_for(folder)) train();
class RunClaim {
 public:
  /// Returns null if another process trains the run. Otherwise removes the
  /// temporary files that a killed process has left in the folder. Throws
  /// `std::runtime_error` if the file of the lock cannot be made.
  [[nodiscard]] static std::unique_ptr<RunClaim> try_for(
      const std::string& folder);
  /// Releases the run and removes the file.
  ~RunClaim();
  RunClaim(const RunClaim&) = delete;
  RunClaim& operator=(const RunClaim&) = delete;

 private:
  RunClaim(std::string path, int file);

  std::string path_;
  int file_;
};

}  // namespace expandnet::examples
