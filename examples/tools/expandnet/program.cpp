#include "tools/expandnet/program.h"

#include <expandnet/version.h>

#include <CLI/CLI.hpp>

#include "command_line/command_line.h"
#include "command_line/status.h"
#include "tools/expandnet/commands.h"

namespace expandnet::examples {

int run_expandnet(int argc, const char* const* argv) try {
  CLI::App app(
      "Contracts, sums up and compares files of weights: safetensors, "
      "torch.save (.pt, .pth) and checkpoints of the trainers.",
      "expandnet");
  app.set_version_flag("--version", "expandnet " EXPANDNET_VERSION);
  app.require_subcommand(1);
  app.option_defaults()->always_capture_default();
  const Subcommand commands[] = {add_contract(app), add_summary(app),
                                 add_verify(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return status_after(app, error);
  }
  for (const auto& command : commands) {
    if (command.app->parsed()) return command.run();
  }
  return 0;
} catch (...) {
  return failure_status();
}

}  // namespace expandnet::examples
