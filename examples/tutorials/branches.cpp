// branches: layers expanded into sums of branches, by name and by hand.
// docs/branches.md shows the two ways to begin.
//
//     branches
//
// takes some steps with each on random images, and prints what each layer got
// and how exact the contraction is, in a second.
#include <expandnet/expandnet.h>
#include <expandnet/models/small_net.h>
#include <torch/torch.h>

#include <iostream>

namespace {

expandnet::Expansion expand_by_name(expandnet::models::SmallNet model) {
  auto expansion = expandnet::expand(*model, expandnet::Strategy::kOREPA);
  return expansion;
}

expandnet::Expansion expand_by_hand(expandnet::models::SmallNet model) {
  using expandnet::Branch, expandnet::BranchKind;
  auto expansion = expandnet::expand(
      *model, expandnet::ExpansionOptions().branches(
                  {{Branch(BranchKind::kChain).scale(1).bias(true),
                    Branch().kernel_size({1, 0}),  // 0: the layer's side
                    Branch(BranchKind::kAverage).scale(0.25)}}));
  return expansion;
}

void train_and_contract(expandnet::models::SmallNet model,
                        expandnet::Expansion expansion) {
  std::cout << expansion.summary() << "\n";
  const auto images = torch::randn({64, 3, 32, 32});
  const auto labels = torch::randint(10, {64}, torch::kLong);
  torch::optim::SGD optimizer(expansion.parameters(), 0.01);
  for (int step = 0; step < 5; ++step) {
    expansion.zero_grad();
    torch::nn::functional::cross_entropy(model->forward(images), labels)
        .backward();
    expansion.step(optimizer);
  }
  std::cout << expansion.contract() << "\n";
}

}  // namespace

int main() {
  torch::manual_seed(0);
  expandnet::models::SmallNet first, second;
  train_and_contract(first, expand_by_name(first));
  train_and_contract(second, expand_by_hand(second));
}
