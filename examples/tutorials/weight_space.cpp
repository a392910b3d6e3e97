// weight_space: any LibTorch model, untouched, trained as an ExpandNet.
// README.md and docs/weight-space.md show the part between [snippet] and
// [/snippet].
//
//     weight_space
//
// trains on random images, prints what the expansion costs and writes
// compact.pt, in a second.
#include <expandnet/expandnet.h>
#include <expandnet/models/small_net.h>
#include <torch/torch.h>

#include <iostream>
#include <optional>

namespace {

/// 256 random images of ten classes.
struct RandomImages : torch::data::Dataset<RandomImages> {
  torch::data::Example<> get(std::size_t index) override {
    const auto i = static_cast<std::int64_t>(index);
    return {images[i], labels[i]};
  }
  std::optional<std::size_t> size() const override { return 256; }

  torch::Tensor images = torch::randn({256, 3, 32, 32});
  torch::Tensor labels = torch::randint(10, {256}, torch::kLong);
};

}  // namespace

int main() {
  torch::manual_seed(0);
  expandnet::models::SmallNet model;  // plain Conv2d, BatchNorm2d, Linear
  const auto loader = torch::data::make_data_loader(
      RandomImages().map(torch::data::transforms::Stack<>()), 64);
  torch::nn::CrossEntropyLoss loss;

  // [snippet]
  auto expansion =
      expandnet::expand(*model, expandnet::ExpansionOptions().rate(4));
  // The factors, and everything that is not expanded.
  torch::optim::SGD optimizer(expansion.parameters(), 0.01);
  for (auto& batch : *loader) {
    expansion.zero_grad();
    loss(model->forward(batch.data), batch.target).backward();
    expansion.step(optimizer);  // = pull_back(); optimizer.step(); fold();
  }
  torch::save(model, "compact.pt");
  // [/snippet]

  std::cout << expansion.summary();
}
