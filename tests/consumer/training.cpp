// A user's program on the training library: some steps in weight space.
#include <expandnet/expandnet.h>
#include <expandnet/models.h>
#include <expandnet/train.h>
#include <expandnet/version.h>

int main() {
  static_assert(EXPANDNET_VERSION_MAJOR >= 0, "version.h is installed");
  torch::manual_seed(0);
  expandnet::models::SmallNet model;
  auto expansion = expandnet::expand(*model);
  expandnet::train::SGD optimizer(expansion.parameters(), 0.01);
  expandnet::train::Step step(
      [&](const torch::Tensor& x, const torch::Tensor& y) {
        return torch::cross_entropy_loss(model(x), y);
      },
      optimizer, &expansion);
  const auto images = torch::randn({4, 3, 32, 32});
  const auto labels = torch::randint(10, {4}, torch::kLong);

  const auto first = step(images, labels).item<float>();
  for (int i = 0; i < 5; ++i) step(images, labels);
  return step(images, labels).item<float>() < first ? 0 : 1;
}
