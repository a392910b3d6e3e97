// expandnet: files of weights, without the programs that made them.
//
//     expandnet contract trained.safetensors compact.safetensors
//
// folds every chain of the file into its layer, prints how exact that was, and
// writes the compact weights. `expandnet summary FILE` lists what a file holds;
// `expandnet verify A B` compares two.
#include "tools/expandnet/program.h"

int main(int argc, char** argv) {
  return expandnet::examples::run_expandnet(argc, argv);
}
