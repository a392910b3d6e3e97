// The program of docs/getting-started.md.
#include <expandnet/expandnet.h>
#include <torch/torch.h>

#include <iostream>

int main() {
  torch::nn::Sequential model(torch::nn::Conv2d(3, 8, 5), torch::nn::ReLU());
  auto expansion =
      expandnet::expand(*model, expandnet::ExpansionOptions().rate(4));
  torch::optim::SGD optimizer(expansion.parameters(), 0.01);
  const auto images = torch::randn({2, 3, 32, 32});
  for (int step = 0; step < 3; ++step) {
    expansion.zero_grad();
    model->forward(images).square().mean().backward();
    expansion.step(optimizer);
  }
  std::cout << expansion.contract();
}
