// fine_tuning: a net that is trained already goes on as an expanded one.
// docs/weight-space.md shows the part between [snippet] and [/snippet].
//
//     fine_tuning examples/data
//
// trains SmallNet 3x3 on the sample of Fashion-MNIST as it is for two epochs,
// expands it with chains that keep its weights, trains on for two, and
// contracts it, in half a minute. Fails if the expansion changes the loss, or if
// the loss is no lower at the end.
#include <expandnet/data/loading/batches.h>
#include <expandnet/data/sets/load_image_set.h>
#include <expandnet/expandnet.h>
#include <expandnet/models/small_net.h>
#include <torch/torch.h>

#include <cmath>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

expandnet::data::Batches load(const std::string& folder) {
  const auto set = expandnet::data::load_fashion_mnist(
      folder, expandnet::data::Split::kTrain);
  const auto [mean, stddev] = expandnet::data::channel_statistics(set.name);
  expandnet::data::BatchOptions options;
  options.mean = mean;
  options.stddev = stddev;
  return {set.images, set.labels, options.plain()};
}

/// Returns the mean loss of the images; `after` each batch's backward pass,
/// where there is one to be, a step is taken.
double epoch(expandnet::models::SmallNet& model,
             expandnet::data::Batches& images,
             const std::function<void()>& after = nullptr) {
  const torch::AutoGradMode with_gradients(after != nullptr);
  model->train(after != nullptr);
  double sum = 0;
  for (std::int64_t i = 0; i < images.size(); ++i) {
    const auto batch = images.batch(i);
    model->zero_grad();
    const auto loss = torch::nn::functional::cross_entropy(
        model->forward(batch.images), batch.targets.one());
    sum += loss.item<double>();
    if (after == nullptr) continue;
    loss.backward();
    after();
  }
  return sum / static_cast<double>(images.size());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: fine_tuning DATA_DIR\n";
    return EXIT_FAILURE;
  }
  auto images = load(argv[1]);
  torch::manual_seed(0);
  expandnet::models::SmallNet model(expandnet::models::SmallNetOptions()
                                        .kernel_size(3)
                                        .in_channels(1)
                                        .image_size(28));
  torch::optim::SGD compact(model->parameters(),
                            torch::optim::SGDOptions(0.02).momentum(0.9));
  for (int i = 0; i < 2; ++i) epoch(model, images, [&] { compact.step(); });
  const auto before = epoch(model, images);

  // [snippet]
  const auto preserving = expandnet::ExpansionOptions().initial_values(
      expandnet::InitialValues::kPreserving);
  auto expansion = expandnet::expand(*model, preserving);
  // Each chain at the pace of its layer, whatever its factors are.
  const double lr = 0.02;
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(expansion.other_parameters());
  for (const auto& layer : expansion.step_scales()) {
    std::cout << layer.path << " is " << layer.mean << " times as fast\n";
    groups.emplace_back(
        layer.parameters,
        std::make_unique<torch::optim::SGDOptions>(
            torch::optim::SGDOptions(lr / layer.mean).momentum(0.9)));
  }
  torch::optim::SGD optimizer(groups,
                              torch::optim::SGDOptions(lr).momentum(0.9));
  // [/snippet]

  const auto expanded = epoch(model, images);
  for (int i = 0; i < 2; ++i) {
    epoch(model, images, [&] {
      expansion.step(optimizer);
      expansion.zero_grad();
    });
  }
  const auto after = epoch(model, images);
  std::cout << expansion.contract() << "loss " << before << ", expanded "
            << expanded << ", trained on " << after << "\n";
  const bool kept = std::abs(expanded - before) < 1e-4 * before;
  return kept && after < before ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return EXIT_FAILURE;
}
