// deployment: from the weights of a trained ExpandNet to a file for others.
// docs/deploy.md shows the part between [snippet] and [/snippet].
//
//     deployment [FOLDER]
//
// writes trained.safetensors and net.torchscript.pt into the folder.
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/expandnet.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v2.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>
#include <iostream>
#include <string>

namespace {

/// The weights of a trained net, with its chains, as its program saved them.
expandnet::Weights trained_weights() {
  expandnet::models::MobileNetV2 net;
  const auto expansion = expandnet::expand(
      *net, expandnet::models::imagenet_recipe("mobilenet_v2", "paper"));
  expandnet::Weights weights;
  for (const auto& item : expansion.named_parameters()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  for (const auto& item : net->named_buffers()) {
    weights.tensors.emplace_back(item.key(), item.value());
  }
  return weights;
}

}  // namespace

int main(int argc, char** argv) {
  torch::manual_seed(0);
  std::filesystem::current_path(argc > 1 ? argv[1] : ".");
  expandnet::write_weights(trained_weights(), "trained.safetensors");

  // [snippet]
  auto trained = expandnet::read_weights("trained.safetensors");
  auto [compact, report, chains] = expandnet::contract_weights(trained);
  std::cout << report;  // how exact each fold is

  expandnet::models::MobileNetV2 net;
  expandnet::load_weights(*net, compact);  // strict: all of them, or none
  net->eval();
  std::cout << expandnet::fuse_batch_norms(*net);
  expandnet::export_torchscript(net, torch::zeros({1, 3, 224, 224}),
                                "net.torchscript.pt");
  // [/snippet]
  return 0;
}
