#include "imagenet/imagenet.h"

#include "imagenet/imagenet_trainer.h"
#include "trainer/program.h"

namespace expandnet::examples {

int run_imagenet(int argc, const char* const* argv) {
  return run_program(ImageNetTrainer(), argc, argv);
}

}  // namespace expandnet::examples
