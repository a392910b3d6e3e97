#include <expandnet/io/weights_file.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "command_line/checks.h"
#include "tools/expandnet/commands.h"
#include "tools/expandnet/compare.h"
#include "tools/expandnet/flags.h"
#include "tools/expandnet/totals.h"

namespace expandnet::examples {

namespace {

struct VerifyArguments {
  std::string first, second;
  Reading reading;  ///< of both
  /// Largest max |a - b| / max |a| of a tensor; 0: the same values.
  double tolerance = 1e-6;
};

int verify(const VerifyArguments& arguments) {
  const auto read = [&](const std::string& path) {
    auto weights =
        read_weights(path, arguments.reading.key, arguments.reading.names());
    tell_notes(path, weights.notes);
    return weights;
  };
  const auto result = compare(read(arguments.first), read(arguments.second),
                              arguments.tolerance);
  for (const auto& line : result.differences) std::cout << line << "\n";
  std::cout << fmt::format(
      "{} tensors compared, largest relative difference {:.1e}: {}\n",
      result.tensors, result.largest_error,
      result.differences.empty()
          ? "equal"
          : fmt::format("{} differ", result.differences.size()));
  return result.differences.empty() ? 0 : 1;
}

}  // namespace

Subcommand add_verify(CLI::App& program) {
  const auto arguments = std::make_shared<VerifyArguments>();
  auto* app = program.add_subcommand(
      "verify",
      "Compares two files of weights tensor by tensor; ends with status 1 if "
      "they differ.");
  app->add_option("first", arguments->first)->required();
  app->add_option("second", arguments->second)->required();
  add_reading(*app, arguments->reading);
  app->add_option("--tolerance", arguments->tolerance,
                  "largest relative difference of a tensor; 0: none")
      ->check(not_negative());

  return {app, [arguments] { return verify(*arguments); }};
}

}  // namespace expandnet::examples
