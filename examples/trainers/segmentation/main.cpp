// expandnet-segmentation: U-Net, compact or expanded, on images with masks.
//
//     expandnet-segmentation train --data cityscapes --expand paper
//
// trains on the training images of Cityscapes, tests on those to validate on,
// contracts and verifies the net and writes its weights into `results`. By
// torchrun, several processes train one net together:
//
//     torchrun --nproc-per-node 8 --no-python expandnet-segmentation train ...
#include "trainers/app/commands/program.h"
#include "trainers/segmentation/segmentation_trainer.h"

int main(int argc, char** argv) {
  using namespace expandnet::examples;
  return run_program(SegmentationTrainer(), argc, argv,
                     segmentation_commands());
}
