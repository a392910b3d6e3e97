// cifar_program.h: the program expandnet-cifar, on small files of the formats
// it reads.
#pragma once

#include <string>

#include "programs/program_test.h"

namespace expandnet::testing {

/// A folder with five batches of 30 images, and 30 for the test. Besides
/// expandnet-cifar there are two programs like it: "later-cifar" has one flag
/// more, "frozen-cifar" a net with a layer that cannot be expanded.
class CifarProgramTest : public ProgramTest {
 protected:
  static void SetUpTestSuite();
  void SetUp() override;

  /// A command on the data; one thread, so that all runs round alike.
  [[nodiscard]] Words command(const std::string& name, const Words& more,
                              const std::string& out = "out") const;
  [[nodiscard]] Outcome run_plain(const Words& more) const;
  /// The training loss of a run's last epoch.
  [[nodiscard]] double last_loss(const std::string& out) const;

  static const Words kShort;
  /// Long enough to be interrupted in.
  static const Words kLong;
};

}  // namespace expandnet::testing
