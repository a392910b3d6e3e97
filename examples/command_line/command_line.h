// command_line.h: how a program ends that cannot take its command line.
#pragma once

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace expandnet::examples {

/// Says what was wrong, on stderr, or shows the help that was asked for. Of a
/// flag that is none it names the nearest. Returns the status to exit with: 0
/// after help, else 2.
int status_after(const CLI::App& app, const CLI::ParseError& error);

}  // namespace expandnet::examples
