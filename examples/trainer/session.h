// session.h: what `train` and `compare` do, whatever the nets and images.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "trainer/settings.h"
#include "trainer/trainee.h"

namespace expandnet::examples {

struct Session {
  Command command = Command::kTrain;
  std::string program;  ///< "expandnet-cifar compare"
  std::string command_line;
  std::string title;          ///< "SmallNet 7x7 on fashion-mnist"
  std::string images;         ///< how many, in words
  std::string configuration;  ///< of the whole
  /// Of one run, as `train` would have it.
  std::function<std::string(const std::string& recipe, std::uint64_t seed,
                            const std::string& folder)>
      run_configuration;
};

/// Refuses an `--out` that is not a folder, cannot be made, or holds something
/// else than the run to resume. Throws `c10::Error`; makes nothing.
void check_out(const Settings& settings, const std::string& configuration);

/// Trains everything the settings ask for and writes all files into
/// `settings.out`, which `check_out` has found good. Returns the status to exit
/// with.
int run_session(const Session& session, const Maker& maker,
                const Settings& settings, const Machine& machine);

}  // namespace expandnet::examples
