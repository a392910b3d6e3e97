// expandnet-imagenet: the paper's networks for ImageNet, compact or expanded.
//
//     expandnet-imagenet train --data DIR --net mobilenet_v1 --expand paper
//
// trains on DIR/train, a folder for each class, evaluates on DIR/val,
// contracts and verifies the net and writes its weights into `results`. By
// torchrun, several processes train one net together:
//
//     torchrun --nproc-per-node 8 --no-python expandnet-imagenet train ...
#include "trainers/app/commands/program.h"
#include "trainers/imagenet/imagenet_trainer.h"

int main(int argc, char** argv) {
  using namespace expandnet::examples;
  return run_program(ImageNetTrainer(), argc, argv, classifier_commands());
}
