// run_claim.h: who trains a run, where several processes fill one folder.
#pragma once

#include <memory>
#include <string>

namespace expandnet::examples {

/// The right to train the run of a folder. It is a lock on a file there, which
/// the system lifts when the process ends, however it ends; so a run that was
/// killed can be taken up at once. Works across machines on file systems that
/// have such locks, NFS among them. On one without, every claim is granted.
///
///     if (auto claim = RunClaim::try_for(folder)) train();
class RunClaim {
 public:
  /// Null where another has the run. Throws `std::runtime_error` where the file
  /// cannot be made.
  [[nodiscard]] static std::unique_ptr<RunClaim> try_for(
      const std::string& folder);
  /// Gives the run back, and removes the file.
  ~RunClaim();
  RunClaim(const RunClaim&) = delete;
  RunClaim& operator=(const RunClaim&) = delete;

 private:
  RunClaim(std::string path, int file);

  std::string path_;
  int file_;
};

}  // namespace expandnet::examples
