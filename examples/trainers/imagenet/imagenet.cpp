#include "trainers/imagenet/imagenet.h"

#include "trainers/app/commands/program.h"
#include "trainers/imagenet/imagenet_trainer.h"

namespace expandnet::examples {

int run_imagenet(int argc, const char* const* argv) {
  return run_program(ImageNetTrainer(), argc, argv);
}

}  // namespace expandnet::examples
