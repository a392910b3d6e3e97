// expandnet-cifar: a compact network and its ExpandNets, trained side by side.
//
//     expandnet-cifar compare --data data --out results
//
// trains the paper's SmallNet with 7x7 kernels on CIFAR-10, compact and
// expanded by CK and FC, from three seeds each, contracts and verifies what it
// trained, and writes tables, curves and weights into `results`.
#include "trainers/app/commands/program.h"
#include "trainers/cifar/cifar_trainer.h"

int main(int argc, char** argv) {
  using namespace expandnet::examples;
  return run_program(CifarTrainer(), argc, argv, classifier_commands());
}
