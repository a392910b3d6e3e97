#include "trainers/cifar/cifar.h"

#include "trainers/app/commands/program.h"
#include "trainers/cifar/cifar_trainer.h"

namespace expandnet::examples {

int run_cifar(int argc, const char* const* argv) {
  return run_program(CifarTrainer(), argc, argv);
}

}  // namespace expandnet::examples
