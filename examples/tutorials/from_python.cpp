// from_python: a net that was written in Python, trained expanded and given
// back. docs/deploy.md shows the part between [snippet] and [/snippet].
//
//     python examples/tutorials/from_python.py write FOLDER
//     from_python FOLDER
//     python examples/tutorials/from_python.py load FOLDER
//
// reads net.pt in the folder and writes trained.pt, in a second.
#include <expandnet/deploy/imported_script.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/expandnet.h>
#include <torch/torch.h>

#include <filesystem>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: from_python FOLDER\n";
    return 2;
  }
  std::filesystem::current_path(argv[1]);
  torch::manual_seed(0);
  // Images of noise, brighter from class to class.
  const auto labels = torch::arange(256) % 10;
  const auto images =
      torch::randn({256, 1, 28, 28}) + labels.view({-1, 1, 1, 1});

  // [snippet]
  auto net = expandnet::import_torchscript("net.pt");
  net->train();
  auto expansion = expandnet::expand(
      *net, expandnet::ExpansionOptions().rate(2).initial_values(
                expandnet::InitialValues::kPreserving));
  torch::optim::SGD optimizer(expansion.parameters(), 0.05);
  for (int step = 0; step < 50; ++step) {
    expansion.zero_grad();
    auto loss =
        torch::nn::functional::cross_entropy(net->forward(images), labels);
    loss.backward();
    expansion.step(optimizer);
    if (step % 10 == 0) std::cout << "loss " << loss.item<float>() << "\n";
  }
  std::cout << expansion.contract();  // how exact each fold is

  net->eval();
  expandnet::export_torchscript(net, images.slice(0, 0, 4), "trained.pt");
  // [/snippet]
  return 0;
}
