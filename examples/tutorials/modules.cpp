// modules: a network written with expansion in mind, from its definition to the
// file that is deployed. docs/modules.md shows the parts between [snippet] and
// [/snippet].
//
//     modules
//
// prints what contraction found and writes compact.pt, in less than a second.
#include <expandnet/expandnet.h>
#include <torch/torch.h>

#include <iostream>

// [snippet]
struct NetImpl : torch::nn::Module {
  NetImpl() {
    conv = register_module(
        "conv",
        expandnet::ExpandedConv2d(
            torch::nn::Conv2dOptions(3, 8, 7).padding(3),
            expandnet::ExpansionOptions(expandnet::Strategy::kCK).rate(4)));
    fc = register_module(
        "fc", expandnet::ExpandedLinear(torch::nn::LinearOptions(512, 64)));
    logits = register_module("logits", torch::nn::Linear(64, 10));
  }

  torch::Tensor forward(torch::Tensor x) {
    x = torch::max_pool2d(torch::relu(conv(x)), 4);
    return logits(torch::relu(fc(x.flatten(1))));
  }

  expandnet::ExpandedConv2d conv{nullptr};
  expandnet::ExpandedLinear fc{nullptr};
  torch::nn::Linear logits{nullptr};
};
TORCH_MODULE(Net);
// [/snippet]

int main() {
  torch::manual_seed(0);
  const auto images = torch::randn({16, 3, 32, 32});
  const auto labels = torch::randint(10, {16}, torch::kLong);

  // [snippet]
  Net model;
  torch::optim::SGD optimizer(model->parameters(), 0.01);
  for (int step = 0; step < 10; ++step) {
    optimizer.zero_grad();
    torch::cross_entropy_loss(model(images), labels).backward();
    optimizer.step();
  }

  std::cout << expandnet::contract(*model);  // in place, verified
  torch::save(model, "compact.pt");          // keys: those of the compact net
  // [/snippet]
}
