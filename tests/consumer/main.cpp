// A user's program: expands a layer, trains it for one step, contracts it, and
// checks that the function is the same.
#include <expandnet/expandnet.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/optim/sgd.h>

#include <iostream>

#ifdef FMT_HEADER_ONLY
#error "how expandnet uses fmt is not the user's concern"
#endif

int main() {
  torch::manual_seed(0);
  torch::nn::Sequential model(expandnet::ExpandedConv2d(
      torch::nn::Conv2dOptions(3, 8, 7).padding(3),
      expandnet::ExpansionOptions(expandnet::Strategy::kCK).rate(2)));
  torch::optim::SGD optimizer(model->parameters(), 0.01);
  const auto images = torch::randn({2, 3, 16, 16});

  model->forward(images).square().mean().backward();
  optimizer.step();
  const auto expected = model->forward(images);

  std::cout << expandnet::contract(*model);
  const bool compact = model->parameters().size() == 2;
  const auto error =
      (model->forward(images) - expected).norm() / expected.norm();
  return compact && error.item<double>() <= 1e-5 ? 0 : 1;  // fp32
}
