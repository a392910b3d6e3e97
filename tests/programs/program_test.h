// program_test.h: tests of whole programs, each in a folder of its own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "programs/program.h"

namespace expandnet::testing {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

Words joined(Words words, const Words& more);

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  [[nodiscard]] std::string path(const std::string& name) const;
  [[nodiscard]] Outcome run(const Words& words,
                            std::uint64_t file_limit = 0) const;
  [[nodiscard]] Json json(const std::string& name) const;
  /// One of two processes that train together, without torchrun.
  [[nodiscard]] std::unique_ptr<Process> start(int rank, int port,
                                               const Words& words) const;
  /// A port that is free now.
  static int free_port();
  [[nodiscard]] std::vector<Outcome> run_two(const Words& first,
                                             const Words& second) const;
  /// log.jsonl without the times, which differ.
  [[nodiscard]] std::string log_of(const std::string& out) const;
  /// The same log, accuracy and bits of the weights.
  void expect_same_run(const std::string& a, const std::string& b) const;
  /// The same training loss and weights after one step, to rounding. Use a seed
  /// with which no activation lies at a kink of its ReLU: there rounding would
  /// decide where a gradient goes.
  void expect_close_runs(const std::string& a, const std::string& b) const;

  std::filesystem::path folder_;
};

/// The first line of what a program has complained of.
std::string complaint_of(const Outcome& outcome);

/// The default of a flag in a program's help, which stands there as
/// "--lr FLOAT [0.1]" or "--lr FLOAT=0.1", by the version of CLI11.
std::string default_in(const std::string& help, const std::string& flag);

}  // namespace expandnet::testing
