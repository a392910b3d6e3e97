// cifar.h: the program expandnet-cifar, for its main function.
#pragma once

namespace expandnet::examples {

/// Does what the command line says and returns the status to exit with
/// (trainer/program.h).
int run_cifar(int argc, const char* const* argv);

}  // namespace expandnet::examples
