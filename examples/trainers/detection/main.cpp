// expandnet-detection: YOLO-LITE, compact or expanded, on images with boxes.
//
//     expandnet-detection train --data VOCdevkit --expand paper
//
// trains on VOC2007 and 2012, tests on VOC2007, contracts and verifies the net
// and writes its weights into `results`. By torchrun, several processes train
// one net together:
//
//     torchrun --nproc-per-node 8 --no-python expandnet-detection train ...
#include "trainers/app/commands/program.h"
#include "trainers/detection/detection_trainer.h"

int main(int argc, char** argv) {
  using namespace expandnet::examples;
  return run_program(DetectionTrainer(), argc, argv, detection_commands());
}
