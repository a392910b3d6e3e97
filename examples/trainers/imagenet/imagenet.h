// imagenet.h: the program expandnet-imagenet, for its main function.
#pragma once

namespace expandnet::examples {

/// Does what the command line says and returns the status to exit with
/// (trainer/program.h).
int run_imagenet(int argc, const char* const* argv);

}  // namespace expandnet::examples
