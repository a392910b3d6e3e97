#include "cifar/cifar.h"

#include "cifar/cifar_trainer.h"
#include "trainer/program.h"

namespace expandnet::examples {

int run_cifar(int argc, const char* const* argv) {
  return run_program(CifarTrainer(), argc, argv);
}

}  // namespace expandnet::examples
