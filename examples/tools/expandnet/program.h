// program.h: the program expandnet, for its main function.
#pragma once

namespace expandnet::examples {

/// Does what the command line says. Returns the status to exit with: 0, 1 after
/// an error or where `verify` finds a difference, 2 after wrong usage.
int run_expandnet(int argc, const char* const* argv);

}  // namespace expandnet::examples
